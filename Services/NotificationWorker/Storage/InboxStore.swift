internal import Events
internal import Identifiers
internal import Postgres
private import EventBus

/// Whose notifications: those for the user's id, and those for the address the user has proved to own.
struct Reader: Sendable {
    var userID: UserID
    /// Lower case.
    var email: String?
}

/// What people see of their notifications.
struct InboxStore: Sendable {
    let pool: PGPool

    /// Newest first; one more than `limit` where there is more.
    func list(_ reader: Reader, unreadOnly: Bool, before: NotificationID?, limit: Int) async throws
        -> [NotificationView]
    {
        var page: PGQuery = unreadOnly ? " AND read_at IS NULL" : ""
        if let before { page += " AND id < \(before)" }
        page += " ORDER BY id DESC LIMIT \(limit)"
        // Each half reads its own index in order; an OR would have to sort all that somebody ever got.
        var query: PGQuery = """
            (SELECT \(NotificationRow.columns) FROM notifications WHERE in_app AND user_id = \(reader.userID)\(page))
            """
        if let email = reader.email {
            query += """
                 UNION ALL (SELECT \(NotificationRow.columns) FROM notifications
                WHERE in_app AND email = \(email) AND user_id IS DISTINCT FROM \(reader.userID)\(page))
                ORDER BY id DESC LIMIT \(limit)
                """
        }
        return try await pool.query(query).map(NotificationRow.view)
    }

    func unreadCount(_ reader: Reader) async throws -> Int {
        let rows = try await pool.query(
            """
            SELECT (SELECT count(*) FROM notifications
                    WHERE in_app AND read_at IS NULL AND user_id = \(reader.userID))
                 + (SELECT count(*) FROM notifications
                    WHERE in_app AND read_at IS NULL AND email = \(reader.email)
                    AND user_id IS DISTINCT FROM \(reader.userID))
            """)
        return try rows[0].get(0, as: Int.self)
    }

    /// Marks one as read, and keeps the moment of the first time; `nil` when the reader has no such notification.
    func markRead(_ id: NotificationID, _ reader: Reader) async throws -> NotificationView? {
        try await pool.query(
            """
            UPDATE notifications SET read_at = coalesce(read_at, now())
            WHERE id = \(id) AND in_app AND (user_id = \(reader.userID) OR email = \(reader.email))
            RETURNING \(NotificationRow.columns)
            """
        ).first.map(NotificationRow.view)
    }

    /// Marks all as read and answers how many were not.
    func markAllRead(_ reader: Reader) async throws -> Int {
        try await pool.execute(
            """
            UPDATE notifications SET read_at = now()
            WHERE in_app AND read_at IS NULL AND (user_id = \(reader.userID) OR email = \(reader.email))
            """)
    }
}
