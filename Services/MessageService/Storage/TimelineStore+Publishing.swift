import EventBus
import Identifiers
import Postgres

/// Entries of one room that the broker confirmed, `first` to `last` without a hole.
struct PublishedRange: Sendable, Equatable {
    var first: Int64
    var last: Int64
}

/// Entries that nobody saw confirmed.
struct UnpublishedRoom: Sendable {
    var room: RoomRef
    var publishedSeq: Int64
    var lastSeq: Int64
    var isArchived: Bool
}

extension TimelineStore {
    /// Notes what the broker confirmed. A room that is locked just now is left for the next time, and so is a range
    /// that begins after a hole: another instance owes the entries before it.
    ///
    /// - Returns: the rooms whose range is settled.
    func markPublished(_ ranges: [RoomID: PublishedRange]) async throws -> Set<RoomID> {
        let rooms = Array(ranges.keys)
        let rows = try await pool.query(
            """
            WITH marks AS (
                SELECT * FROM unnest(\(rooms), \(rooms.map { ranges[$0]?.first ?? 0 }),
                    \(rooms.map { ranges[$0]?.last ?? 0 })) AS m(room_id, first, last)
            ), locked AS (
                SELECT r.room_id, r.published_seq, r.last_seq, m.first, m.last
                FROM rooms r JOIN marks m ON m.room_id = r.room_id
                ORDER BY r.room_id FOR UPDATE OF r SKIP LOCKED
            ), moved AS (
                UPDATE rooms r SET published_seq = l.last,
                    unpublished_at = CASE WHEN l.last < r.last_seq THEN clock_timestamp() END
                FROM locked l
                WHERE r.room_id = l.room_id AND l.published_seq >= l.first - 1 AND l.published_seq < l.last
            )
            SELECT room_id FROM locked WHERE published_seq >= first - 1
            """)
        return Set(try rows.map { try $0.get(0, as: RoomID.self) })
    }

    /// Rooms with entries that wait for a confirm longer than an instance takes to note one.
    func unpublishedRooms(olderThan age: Duration, limit: Int) async throws -> [UnpublishedRoom] {
        let seconds = Double(age.wholeMilliseconds) / 1000
        let rows = try await pool.query(
            """
            SELECT room_id, code, published_seq, last_seq, archived_seq > 0 FROM rooms
            WHERE unpublished_at < clock_timestamp() - make_interval(secs => \(seconds))
            ORDER BY unpublished_at LIMIT \(limit)
            """)
        return try rows.map { row in
            let (id, code, published, last, isArchived) =
                try row.decode((RoomID, RoomCode, Int64, Int64, Bool).self)
            return UnpublishedRoom(
                room: RoomRef(id: id, code: code), publishedSeq: published, lastSeq: last, isArchived: isArchived)
        }
    }

    /// How long the oldest entry has waited for its confirm; zero when none waits.
    func publishingLag() async throws -> Duration {
        let rows = try await pool.query(
            """
            SELECT extract(epoch FROM clock_timestamp() - min(unpublished_at))::float8 FROM rooms
            WHERE unpublished_at IS NOT NULL
            """)
        return .seconds(max(0, try rows.first?.get(0, as: Double?.self) ?? 0))
    }
}
