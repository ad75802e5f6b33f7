import Logging
import Redis
import ServiceLifecycle
import TestSupport
import Testing

@Suite struct RedisCallersTests {
    @Test func `Five thousand concurrent callers each get their own reply`() async throws {
        try await withRedis(configure: { $0.commandTimeout = .seconds(60) }) { redis in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<5000 {
                    group.addTask {
                        #expect(try await redis.reply(RedisCommand("ECHO", index)).int == index)
                        let pair = try await redis.pipeline([RedisCommand("ECHO", -index), RedisCommand("ECHO", index)])
                        #expect(try pair.map { try $0.get().int } == [-index, index])
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `What does not fit into the socket at once is not mixed with what others send`() async throws {
        try await withRedis(configure: { $0.commandTimeout = .seconds(60) }) { redis in
            let big = [UInt8](repeating: 7, count: 8 << 20)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<5 {
                            try #require(try await redis.reply(RedisCommand("SET", "big", big)).string == "OK")
                        }
                    }
                }
                for index in 0..<8 {
                    group.addTask {
                        for number in 0..<500 {
                            let mine = index * 1000 + number
                            try #require(try await redis.reply(RedisCommand("ECHO", mine)).int == mine)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `Cancelled callers leave at once and the others' replies stay their own`() async throws {
        let server = try await RedisServer.start()
        try await RedisClient.withClient(server.url, configure: { $0.commandTimeout = .seconds(60) }) { redis in
            server.pause()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<100 {
                    group.addTask { try #require(try await redis.reply(RedisCommand("ECHO", index)).int == index) }
                }
                await withTaskGroup(of: Void.self) { cancelled in
                    for _ in 0..<100 {
                        cancelled.addTask {
                            await expectRedisError(.cancelled) { _ = try await redis.send(RedisCommand("ECHO", "x")) }
                        }
                    }
                    cancelled.cancelAll()
                    await cancelled.waitForAll()
                }
                server.resume()
                try await group.waitForAll()
            }
        }
        try await server.stop()
    }

    @Test func `Impatient callers leave alone, and the connection lives on`() async throws {
        let server = try await RedisServer.start()
        try await RedisClient.withClient(server.url, configure: { $0.commandTimeout = .seconds(60) }) { redis in
            let before = try await redis.reply(RedisCommand("CLIENT", "ID"))
            server.pause()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try #require(try await redis.reply(RedisCommand("ECHO", "patient")).string == "patient")
                }
                try await eventually("the patient one waits") { redis.commandsInFlight == 1 }
                await expectRedisError(.timeout) {
                    _ = try await redis.send(RedisCommand("ECHO", "x"), patience: .milliseconds(20))
                }
                await expectRedisError(.timeout) {
                    _ = try await redis.pipeline([RedisCommand("ECHO", "y")], patience: .milliseconds(20))
                }
                server.resume()
                try await group.waitForAll()
            }
            #expect(try await redis.reply(RedisCommand("CLIENT", "ID")) == before)
        }
        try await server.stop()
    }

    @Test func `A caller that is cancelled already sends nothing`() async throws {
        try await withRedis { redis in
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask {
                    await expectRedisError(.cancelled) { _ = try await redis.send(RedisCommand("INCR", "n")) }
                }
            }
            let exists = try await redis.send(RedisCommand("EXISTS", "n"))
            #expect(exists == .integer(0))
        }
    }

    @Test func `A server that owes an answer for a while is known to be slow`() async throws {
        let server = try await RedisServer.start()
        try await RedisClient.withClient(server.url, configure: { $0.commandTimeout = .seconds(60) }) { redis in
            try await eventually("it answers") { redis.isAnswering }
            server.pause()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await redis.reply(RedisCommand("PING")) }
                try await eventually("it is slow") { !redis.isAnswering }
                #expect(redis.isAvailable)
                server.resume()
                try await group.waitForAll()
                #expect(redis.isAnswering)
            }
        }
        try await server.stop()
    }

    @Test func `Shutdown lets commands under way end, refuses new ones and ends the streams`() async throws {
        let server = try await RedisServer.start()
        var configuration = try RedisConfiguration(url: server.url)
        configuration.commandTimeout = .seconds(60)
        let redis = RedisClient(configuration, logger: .silent)
        let group = ServiceGroup(configuration: .init(services: [.init(service: redis)], logger: .silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            #expect(await redis.whenAvailable())
            server.pause()
            tasks.addTask { try #require(try await redis.reply(RedisCommand("ECHO", "late")).string == "late") }
            var availability = redis.availability().makeAsyncIterator()
            #expect(await availability.next() == true)
            await group.triggerGracefulShutdown()
            #expect(await availability.next() == false)
            await expectRedisError(.closed) { _ = try await redis.send(RedisCommand("PING")) }
            server.resume()
            try await tasks.waitForAll()
            #expect(await availability.next() == nil)
        }
        await expectRedisError(.closed) { _ = try await redis.send(RedisCommand("PING")) }
        #expect(await redis.whenAvailable() == false)
        try await server.stop()
    }

    @Test func `Cancelling the client fails what is under way`() async throws {
        let server = try await RedisServer.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await RedisClient.withClient(server.url, configure: { $0.commandTimeout = .seconds(60) }) { redis in
                server.pause()
                group.addTask { await expectRedisError(.closed) { _ = try await redis.send(RedisCommand("PING")) } }
                try await eventually("the command is under way") { redis.commandsInFlight > 0 }
            }
            try await group.waitForAll()
        }
        try await server.stop()
    }
}
