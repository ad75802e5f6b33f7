internal import Events
internal import Foundation
internal import Identifiers
internal import Postgres
private import EventBus
private import ServiceSupport

/// A notification on its way to a webhook receiver.
struct WebhookDelivery: Sendable {
    var id: UUID
    var eventID: UUID
    var body: String
    var attempts: Int
    var queuedAt: Timestamp
    var requestID: String?
}

/// What webhook receivers are still to be told. Each target has its own line, so a dead one holds up no other.
struct WebhookQueue: Sendable {
    let targets: [String]

    /// Adds a notification for every target. Twice for the same event and target is once.
    func append(_ notification: NotificationView, about event: EventID, _ transaction: PGTransaction) async throws {
        for target in targets {
            let body = WebhookBody(
                id: event.description, type: "notification_created", createdAt: notification.createdAt,
                notification: notification)
            try await transaction.execute(
                """
                INSERT INTO webhook_deliveries (id, target, event_id, body, request_id)
                VALUES (\(UUID.v7()), \(target), \(event), \(String(decoding: try WireJSON.encode(body), as: UTF8.self)),
                    \(RequestScope.current?.requestID))
                ON CONFLICT (event_id, target) DO NOTHING
                """)
        }
    }

    /// Takes up to `limit` that are due for `target`, oldest first, and puts them off by `lease`: when this process dies
    /// they come up again.
    func claim(_ target: String, limit: Int, lease: Duration, _ pool: PGPool) async throws -> [WebhookDelivery] {
        try await pool.query(
            """
            UPDATE webhook_deliveries w SET attempts = attempts + 1, due_at = now() + \(lease.seconds) * interval '1 second'
            FROM (SELECT id FROM webhook_deliveries WHERE target = \(target) AND due_at <= now()
                  ORDER BY due_at LIMIT \(limit) FOR UPDATE SKIP LOCKED) due
            WHERE w.id = due.id
            RETURNING w.id, w.event_id, w.body, w.attempts, w.queued_at, w.request_id
            """
        ).map { row in
            WebhookDelivery(
                id: try row.get(0), eventID: try row.get(1), body: try row.get(2),
                attempts: try row.get(3, as: Int.self),
                queuedAt: try row.get(4), requestID: try row.get(5))
        }
    }

    func delivered(_ delivery: WebhookDelivery, _ pool: PGPool) async throws {
        try await pool.execute("DELETE FROM webhook_deliveries WHERE id = \(delivery.id)")
    }

    /// Puts one off; without a next time it is given up and kept for a look at it.
    func failed(_ delivery: WebhookDelivery, _ reason: String, next: Timestamp?, _ pool: PGPool) async throws {
        try await pool.execute(
            "UPDATE webhook_deliveries SET due_at = \(next), last_error = \(reason) WHERE id = \(delivery.id)")
    }
}

private struct WebhookBody: Encodable {
    var id: String
    var type: String
    var createdAt: Timestamp
    var notification: NotificationView
}
