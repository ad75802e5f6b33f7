internal import Events
internal import Identifiers
internal import Postgres
private import EventBus

/// The columns that make Notification JSON, in the order of `columns`.
enum NotificationRow {
    static let columns = PGQuery(
        unescaped: """
            id, user_id, email, kind, title, payload, status, attempts, last_error, read_at, created_at
            """)

    static func view(_ row: PGRow) throws -> NotificationView {
        NotificationView(
            id: try row.get("id"), userId: try row.get("user_id"), email: try row.get("email"),
            kind: try row.get("kind"), title: try row.get("title"),
            payload: try row.get("payload", as: PGJSON<[String: JSONValue]>.self).value,
            status: try status(row), attempts: try row.get("attempts", as: Int.self),
            lastError: try row.get("last_error"), readAt: try row.get("read_at"), createdAt: try row.get("created_at"))
    }

    static func status(_ row: PGRow) throws -> DeliveryStatus {
        let text: String = try row.get("status")
        guard let status = DeliveryStatus(rawValue: text) else { throw PGError(.decoding, "no status: \(text)") }
        return status
    }
}
