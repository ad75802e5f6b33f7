import EventBus
import Identifiers
import Postgres

/// Entries of one room that the broker confirmed, `first` to `last` without a hole.
struct PublishedRange: Sendable, Equatable {
    var first: Int64
    var last: Int64
}

/// A room whose entries are the relay's to publish, from the one after `publishedSeq` on.
struct UnpublishedRoom: Sendable {
    var room: RoomRef
    var publishedSeq: Int64
    var isArchived: Bool
}

struct UnpublishedEntry: Sendable {
    var row: TimelineRow
    var requestID: String?
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

    // MARK: - The relay's rooms

    /// Leaves what rooms have to publish, and what they get from now on, to the relay.
    ///
    /// - Returns: the last entry of each room at that moment.
    func leaveToRelay(_ rooms: [RoomID]) async throws -> [RoomID: Int64] {
        let rows = try await pool.query(
            """
            WITH locked AS (
                SELECT room_id, last_seq FROM rooms WHERE room_id = ANY(\(rooms)) ORDER BY room_id FOR UPDATE
            ), marked AS (
                UPDATE rooms r SET is_relayed = true FROM locked l WHERE r.room_id = l.room_id
            )
            SELECT room_id, last_seq FROM locked
            """)
        return try Dictionary(uniqueKeysWithValues: rows.map { try $0.decode((RoomID, Int64).self) })
    }

    /// The same, of rooms with entries that wait for a confirm longer than an instance takes to note one.
    func takeOver(olderThan age: Duration) async throws {
        let seconds = Double(age.wholeMilliseconds) / 1000
        // The time of the statement, which an index can be asked for.
        try await pool.execute(
            """
            WITH stale AS (
                SELECT room_id FROM rooms
                WHERE unpublished_at < statement_timestamp() - make_interval(secs => \(seconds)) AND NOT is_relayed
                ORDER BY unpublished_at LIMIT 1000 FOR UPDATE SKIP LOCKED
            )
            UPDATE rooms r SET is_relayed = true FROM stale s WHERE r.room_id = s.room_id
            """)
    }

    /// Those that wait longest come first.
    func relayedRooms(limit: Int) async throws -> [UnpublishedRoom] {
        let rows = try await pool.query(
            """
            SELECT room_id, code, published_seq, archived_seq > 0 FROM rooms
            WHERE is_relayed ORDER BY unpublished_at LIMIT \(limit)
            """)
        return try rows.map { row in
            let (id, code, published, isArchived) = try row.decode((RoomID, RoomCode, Int64, Bool).self)
            return UnpublishedRoom(
                room: RoomRef(id: id, code: code), publishedSeq: published, isArchived: isArchived)
        }
    }

    /// Notes what the relay published, and gives the room back where that was all.
    ///
    /// - Returns: whether more waits.
    func noteRelayed(_ room: RoomID, upTo seq: Int64) async throws -> Bool {
        try await pool.query(Self.noteRelayed(room, upTo: seq)).first?.get(0) ?? false
    }

    private static func noteRelayed(_ room: RoomID, upTo seq: Int64) -> PGQuery {
        """
        UPDATE rooms SET published_seq = greatest(published_seq, \(seq)),
            is_relayed = is_relayed AND last_seq > greatest(published_seq, \(seq)),
            unpublished_at = CASE WHEN last_seq > greatest(published_seq, \(seq)) THEN clock_timestamp() END
        WHERE room_id = \(room) RETURNING is_relayed
        """
    }

    /// Publishes the last entries of a room that is written to so often that something new is there each time, and gives
    /// it back. Its writers wait meanwhile.
    ///
    /// - Returns: false where more than `limit` entries are left; nothing was done then.
    func finishRelaying(
        _ room: UnpublishedRoom, after seq: Int64, limit: Int,
        _ publish: @Sendable ([UnpublishedEntry]) async throws -> Void
    ) async throws -> Bool {
        try await pool.transaction { transaction in
            let locked = try await transaction.query(
                "SELECT last_seq FROM rooms WHERE room_id = \(room.room.id) FOR UPDATE")
            guard let last = try locked.first?.get(0, as: Int64.self) else { return true }
            guard last - seq <= limit else { return false }
            try await publish(try await unpublished(of: room, after: seq, limit: limit, in: transaction))
            _ = try await transaction.query(Self.noteRelayed(room.room.id, upTo: last))
            return true
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
