import Postgres

/// The schema's history, in order.
enum MessageMigrations {
    static let all = [
        Migration(name: "message-0001_timeline", sql: text(PackageResources.m0001_timeline_sql)),
        Migration(name: "message-0002_store_messages", sql: text(PackageResources.m0002_store_messages_sql)),
        Migration(name: "message-0003_apply_facts", sql: text(PackageResources.m0003_apply_facts_sql)),
        Migration(name: "message-0004_search_blocks", sql: text(PackageResources.m0004_search_blocks_sql)),
    ]

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
