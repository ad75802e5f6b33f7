/// One step of a schema's history: SQL that has run once and never changes afterwards.
public struct Migration: Sendable {
    /// Unique in its schema, such as `0001_rooms`.
    public let name: String
    /// Any number of statements; they run in one transaction, so no `CREATE INDEX CONCURRENTLY` here.
    public let sql: String

    public init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }
}
