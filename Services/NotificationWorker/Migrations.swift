internal import EventBus
internal import Postgres

/// The worker's schema, oldest first.
enum NotificationMigrations {
    static let all =
        EventBusSchema.migrations + [
            migration("0001_notifications", PackageResources.m0001_notifications_sql),
            migration("0002_webhook_requests", PackageResources.m0002_webhook_requests_sql),
        ]

    private static func migration(_ name: String, _ sql: [UInt8]) -> Migration {
        Migration(name: name, sql: String(decoding: sql, as: UTF8.self))
    }
}
