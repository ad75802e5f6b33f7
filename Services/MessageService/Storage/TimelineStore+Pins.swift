import EventBus
import Identifiers
import Postgres

struct PinnedMessage: Sendable {
    var message: StoredMessage
    var pinnedBy: UserID
    var pinnedAt: Timestamp
}

extension TimelineStore {
    static let maxPins = 50

    /// Pinning again changes nothing.
    func pin(_ id: MessageID, in room: RoomID, by user: UserID) async throws {
        try await change(room, by: user) { change in
            try change.standing.requireModerator(to: "pin messages")
            let message = try await change.message(id)
            try change.standing.requireActive()
            let pins = try await change.transaction.query(
                "SELECT count(*), coalesce(bool_or(message_id = \(id)), false) FROM pins WHERE room_id = \(room)")
            guard let (count, isPinned) = try pins.first?.decode((Int, Bool).self), !isPinned else { return }
            if message.isTombstone { throw Refusal.conflict("The message was deleted.") }
            if count >= Self.maxPins { throw Refusal.conflict("A room has at most \(Self.maxPins) pins.") }
            try await change.transaction.execute(
                """
                INSERT INTO pins (room_id, message_id, pinned_by, pinned_at)
                VALUES (\(room), \(id), \(user), \(change.now))
                """)
        }
    }

    func unpin(_ id: MessageID, in room: RoomID, by user: UserID) async throws {
        try await change(room, by: user) { change in
            try change.standing.requireModerator(to: "unpin messages")
            _ = try await change.message(id)
            try change.standing.requireActive()
            try await change.transaction.execute(
                "DELETE FROM pins WHERE room_id = \(room) AND message_id = \(id)")
        }
    }

    /// All pins of a room, newest first.
    func pins(in standing: MessageStanding) async throws -> [PinnedMessage] {
        let rows = try await pool.query(
            """
            SELECT \(StoredMessage.columns), p.pinned_by, p.pinned_at
            FROM pins p JOIN \(unescaped: standing.isArchived ? "all_messages" : "messages") m
                ON m.room_id = p.room_id AND m.message_id = p.message_id
            JOIN rooms r ON r.room_id = p.room_id
            WHERE p.room_id = \(standing.room.id) ORDER BY p.pinned_at DESC, p.message_id DESC
            """)
        return try rows.map { row in
            PinnedMessage(
                message: try StoredMessage(row: row), pinnedBy: try row.get("pinned_by"),
                pinnedAt: try row.get("pinned_at"))
        }
    }
}
