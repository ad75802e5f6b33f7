import Redis
import TestSupport
import Testing

/// Runs `body` with a client of an empty database on the shared server.
func withRedis(
    configure: (inout RedisConfiguration) -> Void = { _ in }, _ body: (RedisClient) async throws -> Void
) async throws {
    try await RedisServer.shared().withDatabase { url in
        try await RedisClient.withClient(url) {
            // Patient where a test does not say otherwise: the machine may be busy with other tests.
            $0.commandTimeout = .seconds(60)
            configure(&$0)
        } _: {
            try await body($0)
        }
    }
}

func expectRedisError(
    _ kind: RedisError.Kind, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    let error = await #expect(throws: RedisError.self, sourceLocation: sourceLocation) { try await body() }
    #expect(error?.kind == kind, sourceLocation: sourceLocation)
}

@Suite struct RedisCommandTests {
    @Test func `An error reply is thrown with its code, and the connection stays`() async throws {
        try await withRedis { redis in
            _ = try await redis.send(RedisCommand("SET", "k", "text"))
            await expectRedisError(.server(code: "WRONGTYPE")) {
                _ = try await redis.send(RedisCommand("LPUSH", "k", 1))
            }
            await expectRedisError(.server(code: "ERR")) { _ = try await redis.send(RedisCommand("NOSUCH")) }
            #expect(try await redis.reply(RedisCommand("GET", "k")).string == "text")
        }
    }

    @Test(arguments: ["SUBSCRIBE", "blpop", "MONITOR", "SELECT"])
    func `What would spoil the shared connection is refused`(name: String) async throws {
        try await withRedis { redis in
            await expectRedisError(.unsupported) { _ = try await redis.send(RedisCommand(name, "k", 0)) }
            await expectRedisError(.unsupported) { _ = try await redis.pipeline([RedisCommand(name, "k", 0)]) }
        }
    }

    @Test func `Bytes come back as they went`() async throws {
        try await withRedis { redis in
            let all = (0...255).map { UInt8($0) } + [13, 10, 0, 13, 10]
            _ = try await redis.send(RedisCommand("SET", all, all))
            #expect(try await redis.reply(RedisCommand("GET", all)).bytes == all)
            _ = try await redis.send(RedisCommand("SET", "empty", [] as [UInt8]))
            #expect(try await redis.reply(RedisCommand("GET", "empty")).bytes == [])
        }
    }

    @Test func `A value of 64 MiB comes back as it went, and others are not mixed with it`() async throws {
        try await withRedis(configure: { $0.commandTimeout = .seconds(60) }) { redis in
            let big = [UInt8](repeating: 7, count: 64 << 20)
            async let storing = redis.reply(RedisCommand("SET", "big", big))
            async let echoing = redis.reply(RedisCommand("ECHO", "small"))
            let (stored, small) = try await (storing, echoing)
            #expect(stored == .status("OK"))
            #expect(small.string == "small")
            async let reading = redis.reply(RedisCommand("GET", "big"))
            async let echoingNext = redis.reply(RedisCommand("ECHO", "next"))
            let (read, next) = try await (reading, echoingNext)
            #expect(read.bytes == big)
            #expect(next.string == "next")
        }
    }

    @Test func `Every shape of reply is understood`() async throws {
        try await withRedis { redis in
            #expect(try await redis.reply(RedisCommand("GET", "none")).isNull)
            #expect(try await redis.reply(RedisCommand("INCR", "n")) == .integer(1))
            #expect(try await redis.reply(RedisCommand("PING")) == .status("PONG"))
            let nested = "return {1, 'two', {3, {4}}, false, redis.status_reply('FINE')}"
            let reply = try await redis.evaluate(RedisScript(nested), keys: [])
            let expected: [RedisValue] = [
                .integer(1), .string(Array("two".utf8)), .array([.integer(3), .array([.integer(4)])]), .null,
                .status("FINE"),
            ]
            #expect(reply == .array(expected))
        }
    }

    @Test func `A pipeline keeps each command's own result`() async throws {
        try await withRedis { redis in
            let results = try await redis.pipeline([
                RedisCommand("SET", "k", "v"), RedisCommand("LPUSH", "k", "x"), RedisCommand("GET", "k"),
            ])
            #expect(results.count == 3)
            #expect(try results[0].get().string == "OK")
            #expect(throws: RedisError.self) { try results[1].get() }
            #expect(try results[2].get().string == "v")
            #expect(try await redis.pipeline([]).isEmpty)
        }
    }

    @Test func `A transaction inside one pipeline is not mixed with others' commands`() async throws {
        try await withRedis { redis in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        let results = try await redis.pipeline([
                            RedisCommand("MULTI"), RedisCommand("SET", "k", index), RedisCommand("GET", "k"),
                            RedisCommand("EXEC"),
                        ])
                        #expect(try results[3].get().array?.last?.int == index)
                    }
                    group.addTask { _ = try await redis.send(RedisCommand("SET", "k", "other")) }
                }
                try await group.waitForAll()
            }
        }
    }
}
