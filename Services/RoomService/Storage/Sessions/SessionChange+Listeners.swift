import EventBus
import Identifiers
import Postgres

/// Who listens, and what they say about the track that plays.
extension SessionChange {
    /// Joining twice is joining once.
    func addListener(_ user: UserID) throws {
        try transaction.executeLater(
            """
            INSERT INTO session_listeners (session_id, user_id) VALUES (\(session.id), \(user)) ON CONFLICT DO NOTHING
            """)
    }

    /// - Returns: false for who had not joined.
    func removeListener(_ user: UserID) async throws -> Bool {
        let removed = try await transaction.execute(
            "DELETE FROM session_listeners WHERE session_id = \(session.id) AND user_id = \(user)")
        return removed > 0
    }

    /// Longest-standing first.
    func listeners() async throws -> (all: [UserID], seated: Set<UserID>) {
        let rows = try await transaction.query(
            """
            SELECT l.user_id, \(seated.condition(room: "\(room.id)")) FROM session_listeners l
            WHERE l.session_id = \(session.id) ORDER BY l.number
            """
        ).map { try $0.decode((UserID, Bool).self) }
        return (rows.map(\.0), Set(rows.filter(\.1).map(\.0)))
    }

    /// One vote a listener and track, however often it is cast.
    func voteToSkip(_ item: QueueItemID, by user: UserID) throws {
        try transaction.executeLater(
            "INSERT INTO session_skips (item_id, user_id) VALUES (\(item), \(user)) ON CONFLICT DO NOTHING")
    }

    /// Whether more than half of those who listen voted to skip what plays.
    func isSkipCarried() async throws -> Bool {
        guard let item = session.playback?.item else { return false }
        let rows = try await transaction.query(
            """
            SELECT count(k.user_id), count(*) FROM session_listeners l
            LEFT JOIN session_skips k ON k.item_id = \(item.id) AND k.user_id = l.user_id
            WHERE l.session_id = \(session.id) AND \(seated.condition(room: "\(room.id)"))
            """)
        guard let row = rows.first else { return false }
        let (votes, listeners) = try row.decode((Int, Int).self)
        return SkipVote.isCarried(votes: votes, listeners: listeners)
    }
}
