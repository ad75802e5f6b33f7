import EventBus
import Events
import Identifiers
import Postgres
import ServiceSupport

extension RoomStore {
    /// Makes a room with its creator as owner and first member.
    ///
    /// - Parameter beforeCommit: the last part of the transaction.
    func create(
        _ draft: RoomDraft, by caller: Caller,
        beforeCommit: (Room, PGTransaction) async throws -> Void = { _, _ in }
    ) async throws -> Room {
        let room = try await outbox.transaction { transaction, sink in
            let room = try await insert(
                draft, owner: caller.userID, displayName: caller.displayName, in: transaction, events: sink)
            try await beforeCommit(room, transaction)
            return room
        }
        await committed(room, insteadOf: nil)
        return room
    }

    /// The same as a part of a larger transaction; ``committed(_:insteadOf:)`` is the caller's to call.
    func insert(
        _ draft: RoomDraft, owner: UserID, displayName: String, role: MemberRole = .owner,
        in transaction: PGTransaction, events: EventSink
    ) async throws -> Room {
        let now = clock.now()
        // 26¹⁰ codes: a collision is a curiosity, ten in a row a fault.
        for _ in 0..<10 {
            let room = Room(draft, code: .random(), owner: owner, at: now)
            let member = Member(
                userID: owner, displayName: displayName, role: role, isMuted: false, mutedUntil: nil, joinedAt: now,
                joinedFact: 1)
            let fact = RoomFact(fact: 1, at: now, userId: owner, body: .memberJoined(member.view(at: now)))
            guard try await insert(room, member, fact, in: transaction) else { continue }
            try await events.append(contentsOf: [
                event(.roomCreated(views.entry(room)), room, owner, fact: nil),
                event(.timeline(fact.body), room, owner, fact: 1),
            ])
            return room
        }
        throw Refusal.conflict("no free room code was found")
    }

    /// One statement for all three rows; false when the code is taken.
    private func insert(
        _ room: Room, _ member: Member, _ fact: RoomFact, in transaction: PGTransaction
    ) async throws -> Bool {
        let made = try await transaction.query(
            """
            WITH room AS (
                INSERT INTO rooms (id, code, kind, type, name, name_key, description, genre, genre_key, words,
                    owner_id, max_participants, is_active, version, fact_head, member_count, created_at,
                    updated_at, last_activity_at)
                VALUES (\(room.id), \(room.code), \(room.kind), \(room.type), \(room.name), \(room.nameKey),
                    \(room.description), \(room.genre), \(room.genreKey), array_to_tsvector(\(room.words)),
                    \(room.ownerID), \(room.maxParticipants), true, \(room.version), \(room.factHead),
                    \(room.memberCount), \(room.createdAt), \(room.updatedAt), \(room.lastActivityAt))
                ON CONFLICT (code) DO NOTHING RETURNING id
            ), member AS (
                INSERT INTO members (room_id, user_id, role, joined_at, joined_fact)
                SELECT id, \(member.userID), \(member.role), \(member.joinedAt), \(member.joinedFact) FROM room
            )
            INSERT INTO facts (room_id, fact, body) SELECT id, \(fact.fact), \(PGJSON(fact)) FROM room
            RETURNING fact
            """)
        return !made.isEmpty
    }

    private func event(_ body: EventBody, _ room: Room, _ user: UserID, fact: Int64?) -> Event {
        let scope = RequestScope.current
        return Event(
            body: body, room: room.ref, userId: user, targetUserId: fact == nil ? nil : user,
            timestamp: room.createdAt, fact: fact, requestId: scope?.requestID, traceparent: scope?.traceparent)
    }
}

extension Room {
    /// A room as it is right after it was made.
    init(_ draft: RoomDraft, code: RoomCode, owner: UserID, at now: Timestamp) {
        self.init(
            id: .new(), code: code, kind: draft.kind, type: draft.type, name: draft.name,
            description: draft.description, genre: draft.genre, ownerID: owner,
            maxParticipants: draft.maxParticipants, version: 1, factHead: 1, memberCount: 1, participantCount: 0,
            peakParticipants: 0, messageCount: 0, sessionCount: 0, sessionID: nil, createdAt: now, updatedAt: now,
            lastActivityAt: now, endedAt: nil, endReason: nil)
    }
}
