import Redis

/// `#expect` does not take expressions that throw a typed error.
extension RedisClient {
    func reply(_ command: RedisCommand) async throws -> RedisValue { try await send(command) }

    func call(_ script: RedisScript, keys: [String], arguments: [any RedisArgument] = []) async throws -> RedisValue {
        try await evaluate(script, keys: keys, arguments: arguments)
    }
}
