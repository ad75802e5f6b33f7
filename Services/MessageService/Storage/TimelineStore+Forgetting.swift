import EventBus
import Identifiers
import Postgres

extension TimelineStore {
    /// Whether a message was written in this room, wherever it is kept now.
    func contains(_ message: MessageID, in room: RoomID) async throws -> Bool {
        try await !pool.query("SELECT 1 FROM all_messages WHERE room_id = \(room) AND message_id = \(message) LIMIT 1")
            .isEmpty
    }

    /// Removes everything of a room that is no more. The room goes first, so that nobody finds a part of the rest; what a
    /// crash leaves goes the next time.
    func forget(_ room: RoomID, chunk: Int = 5000) async throws {
        for table in ["rooms", "members", "pins", "reactions"] {
            try await pool.execute("DELETE FROM \(unescaped: table) WHERE room_id = \(room)")
        }
        for table in ["messages", "entries", "messages_archive", "entries_archive"] {
            var removed = chunk
            while removed == chunk {
                try Task.checkCancellation()
                removed = try await pool.execute(
                    """
                    DELETE FROM \(unescaped: table) WHERE room_id = \(room) AND seq IN (
                        SELECT seq FROM \(unescaped: table) WHERE room_id = \(room) ORDER BY seq LIMIT \(chunk))
                    """)
            }
        }
    }
}
