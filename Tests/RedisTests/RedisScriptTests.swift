import Redis
import TestSupport
import Testing

@Suite struct RedisScriptTests {
    private let counter = RedisScript("return redis.call('INCRBY', KEYS[1], ARGV[1])")

    /// Scripts are the whole server's, not a database's: what one test has it forget, another would miss.
    private func withServer(_ body: (RedisClient) async throws -> Void) async throws {
        let server = try await RedisServer.start()
        try await RedisClient.withClient(server.url, configure: { $0.commandTimeout = .seconds(60) }) {
            try await body($0)
        }
        try await server.stop()
    }

    @Test func `A forgotten script is loaded again and runs once`() async throws {
        try await withServer { redis in
            for expected in [2, 4] {
                try #require(try await redis.call(counter, keys: ["n"], arguments: [2]).int == expected)
            }
            _ = try await redis.send(RedisCommand("SCRIPT", "FLUSH"))
            #expect(try await redis.call(counter, keys: ["n"], arguments: [3]).int == 7)
            #expect(try await redis.reply(RedisCommand("SCRIPT", "EXISTS", counter.sha1)) == .array([.integer(1)]))
        }
    }

    @Test func `Many callers of a forgotten script each run it once`() async throws {
        try await withServer { redis in
            _ = try await redis.send(RedisCommand("SCRIPT", "FLUSH"))
            try await withThrowingTaskGroup(of: Int?.self) { group in
                for _ in 0..<500 {
                    group.addTask { try await redis.evaluate(counter, keys: ["n"], arguments: [1]).int }
                }
                var seen: Set<Int> = []
                for try await number in group { if let number { seen.insert(number) } }
                #expect(seen == Set(1...500))
            }
        }
    }

    @Test func `Scripts in a pipeline are loaded again too`() async throws {
        try await withServer { redis in
            _ = try await redis.send(RedisCommand("SCRIPT", "FLUSH"))
            let results = try await redis.pipeline([
                RedisCommand(evaluating: counter, keys: ["a"], arguments: [1]),
                RedisCommand("ECHO", "between"),
                RedisCommand(evaluating: counter, keys: ["b"], arguments: [5]),
            ])
            #expect(try results.map { try $0.get().string ?? "\(try $0.get().int ?? 0)" } == ["1", "between", "5"])
        }
    }

    @Test func `A script's error is the caller's`() async throws {
        try await withServer { redis in
            let failing = RedisScript("return redis.error_reply('SEATED already')")
            await expectRedisError(.server(code: "SEATED")) { _ = try await redis.evaluate(failing, keys: []) }
            let broken = RedisScript("this is not Lua")
            await expectRedisError(.server(code: "ERR")) { _ = try await redis.evaluate(broken, keys: []) }
        }
    }
}
