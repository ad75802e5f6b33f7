import Redis
import Synchronization
import TestSupport
import Testing

@Suite struct RedisOutageTests {
    @Test func `With no Redis there every call fails at once`() async throws {
        let url = "redis://127.0.0.1:\(try LocalPort.free())"
        let redis = RedisClient(try RedisConfiguration(url: url), logger: .silent)
        await expectRedisError(.unavailable) { _ = try await redis.send(RedisCommand("PING")) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await redis.run() }
            let start = ContinuousClock.now
            for _ in 0..<1000 {
                await expectRedisError(.unavailable) { _ = try await redis.send(RedisCommand("PING")) }
            }
            // A thousand deadlines would take a quarter of an hour.
            #expect(start.duration(to: .now) < .seconds(60))
            #expect(!redis.isAvailable)
            group.cancelAll()
        }
    }

    @Test func `Killed under load, it fails what was under way and comes back by itself, empty`() async throws {
        let server = try await RedisServer.start()
        try await RedisClient.withClient(server.url) { redis in
            _ = try await redis.send(RedisCommand("SET", "kept", "no"))
            let load = Load()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<50 {
                    group.addTask { try await load.run(caller, on: redis) }
                }
                for _ in 0..<3 {
                    try await server.kill()
                    try await eventually("callers are refused") { !redis.isAvailable }
                    try await server.launch()
                    let before = load.answered.load(ordering: .relaxed)
                    try await eventually("commands are answered again") {
                        load.answered.load(ordering: .relaxed) > before + 500
                    }
                }
                load.isOver.store(true, ordering: .relaxed)
                try await group.waitForAll()
            }
            #expect(load.wrong.load(ordering: .relaxed) == 0)
            #expect(load.failed.load(ordering: .relaxed) > 0)
            #expect(try await redis.reply(RedisCommand("GET", "kept")).isNull)
        }
        try await server.stop()
    }

    @Test func `A stalled server costs a deadline, then calls fail at once, then it works on a fresh connection`()
        async throws
    {
        let server = try await RedisServer.start()
        try await RedisClient.withClient(server.url, configure: { $0.commandTimeout = .milliseconds(300) }) { redis in
            // On a busy machine an answer may take longer than the test's short patience.
            func connection() async throws -> Int? {
                var id: Int?
                try await eventually("it answers") {
                    id = try? await redis.send(RedisCommand("CLIENT", "ID")).int
                    return id != nil
                }
                return id
            }
            let before = try await connection()
            server.pause()
            await expectRedisError(.timeout) { _ = try await redis.send(RedisCommand("PING")) }
            try await eventually("the connection is given up") { !redis.isAvailable }
            await expectRedisError(.unavailable) { _ = try await redis.send(RedisCommand("PING")) }
            server.resume()
            #expect(await redis.whenAvailable())
            let after = try await connection()
            #expect(after != before)
        }
        try await server.stop()
    }

    @Test func `A server that stalls while nobody asks is noticed`() async throws {
        let server = try await RedisServer.start()
        let configure: (inout RedisConfiguration) -> Void = {
            $0.commandTimeout = .milliseconds(200)
            $0.keepAlive = .milliseconds(200)
        }
        try await RedisClient.withClient(server.url, configure: configure) { redis in
            var availability = redis.availability().makeAsyncIterator()
            #expect(await availability.next() == true)
            server.pause()
            #expect(await availability.next() == false)
            server.resume()
            #expect(await availability.next() == true)
        }
        try await server.stop()
    }

    @Test func `A server that takes no writes is away until it does`() async throws {
        let server = try await RedisServer.start()
        func tell(_ words: [String]) async throws {
            try await Command.output(of: "/usr/bin/redis-cli", ["-p", "\(server.port)"] + words)
        }
        try await RedisClient.withClient(server.url, configure: { $0.keepAlive = .milliseconds(200) }) { redis in
            var availability = redis.availability().makeAsyncIterator()
            #expect(await availability.next() == true)
            for (refuse, accept) in [
                (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
                (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
            ] {
                try await tell(refuse)
                #expect(await availability.next() == false, "though nobody has written")
                await expectRedisError(.unavailable) { _ = try await redis.send(RedisCommand("SET", "a", 1)) }
                try await tell(accept)
                #expect(await availability.next() == true)
                #expect(try await redis.send(RedisCommand("SET", "a", 1)) == .status("OK"))
            }
            // From within a script it is told in other words.
            try await tell(["CONFIG", "SET", "maxmemory", "1"])
            _ = try? await redis.evaluate(RedisScript("return redis.call('SET', KEYS[1], 1)"), keys: ["a"])
            #expect(await availability.next() == false)
        }
        try await server.stop()
    }

    @Test func `After a command that takes too long every reply still finds its own caller`() async throws {
        let server = try await RedisServer.start(options: ["--enable-debug-command", "yes"])
        try await RedisClient.withClient(server.url, configure: { $0.commandTimeout = .milliseconds(200) }) { redis in
            for round in 0..<5 {
                // Slow, not silent: replies of the first half arrive while those of the second half are overdue.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<40 {
                        group.addTask {
                            let mine = "\(round)/\(index)"
                            let results = try? await redis.pipeline([
                                RedisCommand("DEBUG", "SLEEP", 0.02), RedisCommand("ECHO", mine),
                            ])
                            if let results { try #require(results[1].get().string == mine) }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(await redis.whenAvailable())
                try await eventually("it answers again") {
                    (try? await redis.send(RedisCommand("ECHO", round)).int) == round
                }
            }
        }
        try await server.stop()
    }

    @Test func `A password and a database are used on every connection`() async throws {
        let server = try await RedisServer.start(options: ["--requirepass", "s3cret/"])
        let url = server.url.replacing("redis://", with: "redis://:s3cret%2F@") + "/5"
        try await RedisClient.withClient(url) { redis in
            #expect(try await redis.reply(RedisCommand("CLIENT", "INFO")).string?.contains(" db=5 ") == true)
            try await server.restart()
            try await eventually("it is back") { (try? await redis.send(RedisCommand("PING"))) != nil }
            #expect(try await redis.reply(RedisCommand("CLIENT", "INFO")).string?.contains(" db=5 ") == true)
        }
        let wrong = RedisClient(try RedisConfiguration(url: server.url), logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await wrong.run() }
            try await eventually("the caller reads why") {
                let error = await #expect(throws: RedisError.self) { try await wrong.send(RedisCommand("PING")) }
                return error?.message.contains("NOAUTH") == true
            }
            group.cancelAll()
        }
        try await server.stop()
    }

    @Test func `More commands than may wait are refused, not queued`() async throws {
        let server = try await RedisServer.start()
        let configure: (inout RedisConfiguration) -> Void = {
            $0.maxInFlight = 10
            $0.commandTimeout = .seconds(60)
        }
        try await RedisClient.withClient(server.url, configure: configure) { redis in
            server.pause()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 { group.addTask { _ = try await redis.send(RedisCommand("PING")) } }
                try await eventually("ten wait") { redis.commandsInFlight == 10 }
                await expectRedisError(.unavailable) { _ = try await redis.send(RedisCommand("PING")) }
                server.resume()
                try await group.waitForAll()
            }
            _ = try await redis.send(RedisCommand("PING"))
        }
        try await server.stop()
    }
}

/// Callers who ask without end and count what they get.
private final class Load: Sendable {
    let isOver = Atomic(false)
    let answered = Atomic(0)
    let wrong = Atomic(0)
    let failed = Atomic(0)

    func run(_ caller: Int, on redis: RedisClient) async throws {
        var number = 0
        while !isOver.load(ordering: .relaxed) {
            number += 1
            if await ask("\(caller)-\(number)", redis) { continue }
            // Refusals are instant: without a pause this would be a busy loop.
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private func ask(_ mine: String, _ redis: RedisClient) async -> Bool {
        do {
            let reply = try await redis.send(RedisCommand("ECHO", mine))
            if reply.string == mine { answered.add(1, ordering: .relaxed) } else { wrong.add(1, ordering: .relaxed) }
            return true
        } catch {
            if error.isUnavailable { failed.add(1, ordering: .relaxed) } else { wrong.add(1, ordering: .relaxed) }
            return false
        }
    }
}
