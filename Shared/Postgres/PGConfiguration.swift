/// Where the database is and how patient its clients are. All durations are upper bounds, not goals.
public struct PGConfiguration: Sendable {
    /// A libpq URL. It may name several hosts (`postgresql://u@a,b/db?target_session_attrs=read-write`), tried in order.
    public var url: String
    /// Put first in the search path of every link; the `Migrator` creates it.
    public var schema: String?
    /// What `pg_stat_activity` shows.
    public var applicationName: String
    /// Most links open at once.
    public var poolSize = 8
    /// Most callers that wait for a link; the next one fails at once with `.poolExhausted`.
    public var maxWaiters = 256
    /// How long a caller waits for a link before `.poolExhausted`.
    public var acquireTimeout: Duration = .seconds(5)
    /// After this the server gives a statement up (`.timeout`); zero means never. A server that does not even say so is
    /// given up `answerGrace` later, together with the link.
    public var statementTimeout: Duration = .seconds(10)
    public var answerGrace: Duration = .seconds(2)
    /// How long a transaction may do nothing before the server ends it, so that a frozen client holds no locks.
    public var idleInTransactionTimeout: Duration = .seconds(60)
    /// For one host; whole seconds, and at least two, for libpq counts so.
    public var connectTimeout: Duration = .seconds(3)
    /// A link unused for so long is closed, except the last one.
    public var idleTimeout: Duration = .seconds(60)
    /// The pause after the first failed attempt to connect, doubled up to the maximum, with jitter.
    public var minimumBackoff: Duration = .milliseconds(50)
    public var maximumBackoff: Duration = .seconds(1)

    /// - Parameter schema: a plain identifier, or nil for the server's own search path.
    public init(url: String, schema: String? = nil, applicationName: String = "parlor") {
        self.url = url
        self.schema = schema
        self.applicationName = applicationName
    }
}
