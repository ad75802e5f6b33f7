import EventBus
import Events
import Identifiers
import Postgres
import ServiceSupport

/// An entry that was just appended, and the room it stands in.
struct AppendedEntry: Sendable {
    var room: RoomRef
    var entry: TimelineEntry
}

/// One change of one room, inside a transaction that holds the room's lock.
struct RoomChange: Sendable {
    let transaction: PGTransaction
    let standing: MessageStanding
    /// The moment of the change, by the database's clock.
    let now: Timestamp

    var room: RoomRef { standing.room }

    /// A message of this room, as it is now.
    ///
    /// - Throws: ``Refusal/messageNotFound``.
    func message(_ id: MessageID) async throws -> StoredMessage {
        let rows = try await transaction.query(
            """
            SELECT \(StoredMessage.columns) FROM \(unescaped: standing.isArchived ? "all_messages" : "messages") m
            JOIN rooms r ON r.room_id = m.room_id WHERE m.room_id = \(room.id) AND m.message_id = \(id)
            """)
        guard let row = rows.first else { throw Refusal.messageNotFound }
        return try StoredMessage(row: row)
    }

    /// Appends one entry with the next number.
    func append(_ body: TimelineBody, by user: UserID, message: MessageID) async throws -> AppendedEntry {
        let text = String(decoding: try WireJSON.encode(body), as: UTF8.self)
        let seq = standing.lastSeq + 1
        try await transaction.execute(
            """
            INSERT INTO entries (room_id, seq, type, at, user_id, message_id, request_id, body)
            VALUES (\(room.id), \(seq), \(body.type.rawValue), \(now), \(user), \(message),
                \(RequestScope.current?.requestID), \(text))
            """)
        try await transaction.execute(
            """
            UPDATE rooms SET last_seq = \(seq), unpublished_at = coalesce(unpublished_at, \(now))
            WHERE room_id = \(room.id)
            """)
        return AppendedEntry(room: room, entry: TimelineEntry(seq: seq, at: now, userId: user, body: body))
    }
}

extension TimelineStore {
    /// Runs `body` with the room locked.
    ///
    /// - Throws: ``Refusal/roomNotFound`` for an unknown room, and what `body` throws; nothing is changed then.
    func change<T: Sendable>(
        _ room: RoomID, by user: UserID, _ body: @Sendable (RoomChange) async throws -> T
    ) async throws -> T {
        let (result, relayed) = try await flow.doubting([room]) {
            try await pool.transaction { try await change(room, by: user, in: $0, body) }
        }
        if let relayed { flow.leaveToRelay(room, upTo: relayed) }
        return result
    }

    /// Besides what `body` returns, the room's last entry where entries are left to the relay.
    private func change<T: Sendable>(
        _ room: RoomID, by user: UserID, in transaction: PGTransaction, _ body: (RoomChange) async throws -> T
    ) async throws -> (T, Int64?) {
        // The lock comes first and alone: the statement after it sees what others committed before they let go.
        let locked = try await transaction.query(
            """
            SELECT date_trunc('milliseconds', clock_timestamp()), is_relayed FROM rooms
            WHERE room_id = \(room) FOR UPDATE
            """)
        guard let (now, isRelayed) = try locked.first?.decode((Timestamp, Bool).self),
            let row = try await transaction.query(Self.standing(of: user) + "WHERE r.room_id = \(room)").first
        else { throw Refusal.roomNotFound }
        let result = try await body(
            RoomChange(transaction: transaction, standing: try Self.standing(from: row), now: now))
        guard isRelayed else { return (result, nil) }
        let last = try await transaction.query("SELECT last_seq FROM rooms WHERE room_id = \(room)")
        return (result, try last.first?.get(0))
    }
}
