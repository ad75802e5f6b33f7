public import Logging
public import Redis

extension Logger {
    /// Drops everything.
    public static let silent = Logger(label: "silent", factory: { _ in SwiftLogNoOpLogHandler() })
}

extension RedisClient {
    /// Runs a connected client for as long as `body` runs.
    public static func withClient<T: Sendable>(
        _ url: String, configure: (inout RedisConfiguration) -> Void = { _ in },
        logger: Logger = .silent,
        _ body: (RedisClient) async throws -> T
    ) async throws -> T {
        var configuration = try RedisConfiguration(url: url)
        configure(&configuration)
        let client = RedisClient(configuration, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            defer { group.cancelAll() }
            guard await client.whenAvailable() else {
                throw ServerProcess.Failure(description: "the Redis client never connected")
            }
            return try await body(client)
        }
    }
}

extension RedisServer {
    static func flush(_ url: String) async throws {
        _ = try await RedisClient.withClient(url, configure: { $0.commandTimeout = .seconds(60) }) {
            try await $0.send(RedisCommand("FLUSHDB"))
        }
    }
}
