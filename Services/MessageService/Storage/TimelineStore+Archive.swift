import EventBus
import Identifiers
import Postgres
import ServiceSupport

extension TimelineStore {
    /// Moves the next piece of a room that ended long ago into the archive.
    ///
    /// - Returns: false when nothing is left to move. A room that is being written to is waited for, not passed over: its
    ///   publisher may just be noting what the broker confirmed.
    func archiveNext(endedBefore age: Duration, chunk: Int64 = 5000) async throws -> Bool {
        let seconds = Double(age.wholeMilliseconds) / 1000
        return try await pool.transaction { transaction in
            let rooms = try await transaction.query(
                """
                SELECT room_id, archived_seq + \(chunk) FROM rooms
                WHERE ended_at < clock_timestamp() - make_interval(secs => \(seconds)) AND NOT is_archived
                ORDER BY ended_at LIMIT 1 FOR UPDATE
                """)
            guard let (room, upTo) = try rooms.first?.decode((RoomID, Int64).self) else { return false }
            for table in ["messages", "entries"] {
                try await transaction.execute(
                    """
                    WITH moved AS (
                        DELETE FROM \(unescaped: table) WHERE room_id = \(room) AND seq <= \(upTo) RETURNING *)
                    INSERT INTO \(unescaped: table)_archive SELECT * FROM moved
                    """)
            }
            try await transaction.execute(
                """
                UPDATE rooms SET archived_seq = least(\(upTo), last_seq), is_archived = \(upTo) >= last_seq
                WHERE room_id = \(room)
                """)
            return true
        }
    }
}
