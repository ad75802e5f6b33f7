import EventBus
import Identifiers
import Postgres

/// How much of a room somebody has not read.
struct UnreadCount: Sendable, Equatable {
    var room: RoomCode
    var unread: Int
    var lastReadSeq: Int64
    var lastSeq: Int64
}

extension TimelineStore {
    /// Moves a member's read marker forward, at most to the newest entry. It never goes back.
    func markRead(_ seq: Int64, in room: RoomID, by user: UserID) async throws {
        try await pool.execute(
            """
            UPDATE members m SET last_read_seq = least(\(seq), r.last_seq) FROM rooms r
            WHERE r.room_id = m.room_id AND m.room_id = \(room) AND m.user_id = \(user) AND m.is_member
            AND m.last_read_seq < least(\(seq), r.last_seq)
            """)
    }

    /// For every active room somebody belongs to: others' undeleted messages after their marker, which begins where
    /// they joined.
    ///
    /// Nothing unread is read for it: it is what the room has, without what it had at the marker, without what the reader
    /// wrote and others deleted since.
    func unread(of user: UserID) async throws -> [UnreadCount] {
        let rows = try await pool.query(
            """
            SELECT r.code, r.message_count - coalesce(known.ordinal, 0) - own.count - gone.count, m.marker, r.last_seq
            FROM (SELECT room_id, user_id, greatest(last_read_seq, joined_seq) AS marker FROM members
                WHERE user_id = \(user) AND is_member) m
            JOIN rooms r ON r.room_id = m.room_id AND r.ended_at IS NULL
            LEFT JOIN LATERAL (
                SELECT t.ordinal FROM messages t WHERE t.room_id = m.room_id AND t.seq <= m.marker
                ORDER BY t.seq DESC LIMIT 1) known ON true
            CROSS JOIN LATERAL (
                SELECT count(*) FROM messages t
                WHERE t.room_id = m.room_id AND t.user_id = m.user_id AND t.seq > m.marker) own
            CROSS JOIN LATERAL (
                SELECT count(*) FROM messages t
                WHERE t.room_id = m.room_id AND t.deleted_at IS NOT NULL AND t.seq > m.marker
                AND t.user_id <> m.user_id) gone
            ORDER BY r.last_message_at DESC NULLS LAST, r.room_id DESC
            """)
        return try rows.map { row in
            let (room, unread, lastRead, last) = try row.decode((RoomCode, Int, Int64, Int64).self)
            return UnreadCount(room: room, unread: unread, lastReadSeq: lastRead, lastSeq: last)
        }
    }
}
