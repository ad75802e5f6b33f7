import EventBus
import Events
import Identifiers
import Postgres
import ServiceSupport

/// One change of one room while its row is locked: collects what happens and writes it together before the commit.
struct RoomChange {
    let transaction: PGTransaction
    let views: RoomViews
    /// Who changes; `nil` is the system.
    let actor: UserID?
    /// When. Never before what already happened in the room, so that times and numbers tell one order.
    let at: Timestamp
    /// As it was when it was locked, with the changes so far.
    var room: Room
    let original: Room
    /// What became of the room's session.
    var sessionNews: SessionChange.News?

    private var facts: [RoomFact] = []
    private var events: [Event] = []
    private var audit: [AuditEntry] = []

    init(transaction: PGTransaction, views: RoomViews, actor: UserID?, now: Timestamp, room: Room) {
        self.transaction = transaction
        self.views = views
        self.actor = actor
        at = max(now, room.lastActivityAt, room.updatedAt)
        self.room = room
        original = room
    }

    /// Appends a fact: it becomes an entry of the timeline, and passes the broker.
    mutating func record(_ body: TimelineBody, about target: UserID? = nil) {
        room.factHead += 1
        facts.append(RoomFact(fact: room.factHead, at: at, userId: actor, body: body))
        announce(.timeline(body), about: target, fact: room.factHead)
    }

    /// An event that is no fact.
    mutating func announce(_ body: EventBody, about target: UserID? = nil, fact: Int64? = nil) {
        let scope = RequestScope.current
        events.append(
            Event(
                body: body, room: room.ref, userId: actor, targetUserId: target, timestamp: at, fact: fact,
                requestId: scope?.requestID, traceparent: scope?.traceparent))
    }

    /// Appends to the audit log.
    mutating func note(_ action: AuditAction, target: UserID? = nil, reason: String? = nil) {
        audit.append(
            AuditEntry(
                number: 0, id: .v7(at: at), actorID: actor, action: action.rawValue, targetID: target?.uuid,
                reason: reason, at: at, hash: [], previousHash: []))
    }

    /// A change that counts: of fields, owner or end.
    mutating func advanceVersion() {
        room.version += 1
        room.updatedAt = at
    }

    mutating func touch() { room.lastActivityAt = at }

    /// Ends the room, and its session before; the order of its facts is complete after this.
    mutating func end(_ reason: EndReason) async throws {
        try await endSession()
        room.endedAt = at
        room.endReason = reason
        advanceVersion()
        record(.roomEnded(views.entry(room), reason: reason))
    }

    /// Writes everything; the transaction may commit afterwards.
    func write(to sink: EventSink) async throws {
        if original.kind == .pair, original.isActive, !room.isActive || room.kind != .pair { try freePair() }
        if room != original { try await writeRoom() }
        try await AuditTable.append(audit, to: room.id, in: transaction)
        try await FactTable.append(facts, to: room.id, in: transaction)
        try await sink.append(contentsOf: events)
    }

    /// Counts of presence and messages are left alone: others feed them without this lock.
    private func writeRoom() async throws {
        let fields: PGQuery =
            room.name == original.name && room.description == original.description
            ? "" : ", words = array_to_tsvector(\(room.words))"
        try transaction.executeLater(
            """
            UPDATE rooms SET type = \(room.type), name = \(room.name), name_key = \(room.nameKey),
                description = \(room.description), genre = \(room.genre), genre_key = \(room.genreKey),
                kind = \(room.kind), owner_id = \(room.ownerID), max_participants = \(room.maxParticipants),
                is_active = \(room.isActive), end_reason = \(room.endReason), version = \(room.version),
                fact_head = \(room.factHead), session_count = \(room.sessionCount), session_id = \(room.sessionID),
                member_count = \(room.memberCount), updated_at = \(room.updatedAt),
                last_activity_at = GREATEST(last_activity_at, \(room.lastActivityAt)),
                ended_at = \(room.endedAt)\(fields)
            WHERE id = \(room.id)
            """)
    }
}
