import EventBus
import Events
import Identifiers
import Postgres
import ServiceSupport

/// The timeline and the projection of memberships in PostgreSQL.
///
/// Whatever appends to a room holds the lock of its `rooms` row until the commit: that makes `seq` dense, and the
/// order of commits the order of numbers.
struct TimelineStore: Sendable {
    let pool: PGPool
    /// Hears which entries are the relay's.
    let flow: TimelineFlow

    /// What is known here of a room and of one person in it; `nil` for a room without any entry yet.
    func standing(of user: UserID, in room: RoomReference) async throws -> MessageStanding? {
        let query: PGQuery
        switch room {
        case .code(let code): query = Self.standing(of: user) + "WHERE r.code = \(code.description)"
        case .id(let id): query = Self.standing(of: user) + "WHERE r.room_id = \(id)"
        }
        return try await pool.read(query).first.map(Self.standing(from:))
    }

    /// The room a message belongs to, wherever the message is.
    func room(of message: MessageID) async throws -> RoomRef? {
        let rows = try await pool.read(
            """
            SELECT r.room_id, r.code FROM rooms r
            WHERE r.room_id = (SELECT m.room_id FROM all_messages m WHERE m.message_id = \(message) LIMIT 1)
            """)
        return try rows.first.map { row in
            let (id, code) = try row.decode((RoomID, RoomCode).self)
            return RoomRef(id: id, code: code)
        }
    }

    /// A room by either name; `nil` when no fact of it arrived yet.
    func room(_ reference: RoomReference) async throws -> RoomRef? {
        let rows: [PGRow]
        switch reference {
        case .code(let code):
            rows = try await pool.read("SELECT room_id, code FROM rooms WHERE code = \(code.description)")
        case .id(let id): rows = try await pool.read("SELECT room_id, code FROM rooms WHERE room_id = \(id)")
        }
        return try rows.first.map { row in
            let (id, code) = try row.decode((RoomID, RoomCode).self)
            return RoomRef(id: id, code: code)
        }
    }

    /// The last fact that became an entry; 0 for an unknown room.
    func appliedFact(of room: RoomReference) async throws -> Int64 {
        let rows: [PGRow]
        switch room {
        case .code(let code):
            rows = try await pool.read("SELECT applied_fact FROM rooms WHERE code = \(code.description)")
        case .id(let id): rows = try await pool.read("SELECT applied_fact FROM rooms WHERE room_id = \(id)")
        }
        return try rows.first?.get(0) ?? 0
    }

    /// The newest `seq` of each room that has one.
    func heads(of rooms: [RoomID]) async throws -> [RoomID: Int64] {
        let rows = try await pool.query("SELECT room_id, last_seq FROM rooms WHERE room_id = ANY(\(rooms))")
        return try Dictionary(uniqueKeysWithValues: rows.map { try $0.decode((RoomID, Int64).self) })
    }
}

extension TimelineStore {
    /// To be followed by a `WHERE`, and in a transaction by `FOR UPDATE OF r`.
    static func standing(of user: UserID) -> PGQuery {
        """
        SELECT r.room_id, r.code, r.last_seq, r.applied_fact, r.ended_at IS NULL, r.archived_seq > 0, m.role,
            m.is_muted AND coalesce(m.muted_until > clock_timestamp(), true), m.joined_seq, m.last_read_seq
        FROM rooms r LEFT JOIN members m ON m.room_id = r.room_id AND m.user_id = \(user) AND m.is_member

        """
    }

    static func standing(from row: PGRow) throws -> MessageStanding {
        let (id, code, lastSeq, appliedFact, isActive, isArchived, role, isMuted, joinedSeq, lastReadSeq) =
            try row.decode((RoomID, RoomCode, Int64, Int64, Bool, Bool, String?, Bool?, Int64?, Int64?).self)
        var member: MessageStanding.Membership?
        if let role, let joinedSeq {
            member = MessageStanding.Membership(
                role: MemberRole(rawValue: role) ?? .member, isMuted: isMuted ?? false, joinedSeq: joinedSeq,
                lastReadSeq: max(lastReadSeq ?? 0, joinedSeq))
        }
        RequestScope.current?.note(roomID: code.description)
        return MessageStanding(
            room: RoomRef(id: id, code: code), lastSeq: lastSeq, appliedFact: appliedFact, isActive: isActive,
            isArchived: isArchived, member: member)
    }
}
