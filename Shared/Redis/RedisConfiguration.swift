import FoundationEssentials

/// Where Redis is and how long to wait for it.
public struct RedisConfiguration: Sendable, CustomStringConvertible {
    public var host: String
    public var port: Int
    public var username: String?
    public var password: String?
    public var database: Int

    /// Longest time from the first packet to a finished handshake (`AUTH`, `SELECT`, a probe).
    public var connectTimeout: Duration = .seconds(2)
    /// Longest time a caller waits for its reply, counted from the call.
    public var commandTimeout: Duration = .seconds(1)
    /// How often a server is asked whether it is there and takes writes.
    public var keepAlive: Duration = .seconds(5)
    /// Commands waiting for replies beyond which new ones are refused as `unavailable`.
    public var maxInFlight = 100_000
    /// Shown by `CLIENT LIST`.
    public var clientName = "parlor"

    /// Reads `redis://[user][:password]@host[:port][/database]`; user and password percent-encoded.
    ///
    /// - Throws: `RedisError` of kind `configuration`, which never repeats the password.
    public init(url: String) throws(RedisError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme else {
            throw RedisError(.configuration, "the Redis URL is malformed")
        }
        guard scheme == "redis" else {
            throw RedisError(.configuration, "the Redis URL begins with \(scheme)://, expected redis://")
        }
        guard let host = parts.host, !host.isEmpty else {
            throw RedisError(.configuration, "the Redis URL names no host")
        }
        let path = parts.path.drop { $0 == "/" }
        guard let database = path.isEmpty ? 0 : Int(path), database >= 0 else {
            throw RedisError(.configuration, "the Redis URL's path is no database number")
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.port = parts.port ?? 6379
        self.username = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        self.password = parts.password.flatMap { $0.isEmpty ? nil : $0 }
        self.database = database
    }

    /// The address without the credentials.
    public var description: String { "redis://\(host):\(port)/\(database)" }
}
