import Postgres
import ServiceLifecycle
import TestSupport
import Testing

/// The pool's limits against a real server.
@Suite struct PoolLimitTests {
    /// Holds `count` links until the result is cancelled.
    private func hold(_ count: Int, of pool: PGPool) async throws -> Task<Void, any Error> {
        let task = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<count { group.addTask { try await sleep(pool) } }
                try await group.waitForAll()
            }
        }
        try await eventually("\(count) links are busy") { pool.statistics.busy == count }
        return task
    }

    private func sleep(_ pool: PGPool) async throws {
        do {
            try await pool.query("SELECT pg_sleep(600)")
        } catch let error as PGError where error.kind == .poolExhausted {
            // On a busy machine opening a link may take longer than the test's short patience.
            try await sleep(pool)
        }
    }

    @Test func whoWaitsTooLongForALinkFails() async throws {
        let configure: (inout PGConfiguration) -> Void = {
            $0.poolSize = 2
            $0.acquireTimeout = .milliseconds(100)
        }
        try await withPool(configure: configure) { pool in
            let holder = try await hold(2, of: pool)
            let error = await pgError { try await pool.query("SELECT 1") }
            #expect(error?.kind == .poolExhausted)
            #expect(error?.isUnavailable == true)
            holder.cancel()
            _ = await holder.result
            try await pool.query("SELECT 1")
        }
    }

    @Test func beyondTheQueueCallersFailAtOnce() async throws {
        let configure: (inout PGConfiguration) -> Void = {
            $0.poolSize = 1
            $0.maxWaiters = 2
            $0.acquireTimeout = .seconds(600)
        }
        try await withPool(configure: configure) { pool in
            let holder = try await hold(1, of: pool)
            let waiting = Task { try await pool.pipeline(["SELECT 1"]) }
            let waitingToo = Task { try await pool.execute("SELECT 1") }
            try await eventually("two wait") { pool.statistics.waiting == 2 }
            let error = await pgError { try await pool.query("SELECT 1") }
            #expect(error?.kind == .poolExhausted)
            // Cancelled in the queue, a caller leaves it.
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(pool.statistics.waiting == 1)
            holder.cancel()
            let touched = try await waitingToo.value
            #expect(touched == 1)
        }
    }

    @Test func aStormOfCallersIsServedByFewLinks() async throws {
        let server = try await PostgresServer.start(settings: ["max_connections": "12"])
        let configure: (inout PGConfiguration) -> Void = {
            // More than the server allows: it refuses some links and must serve all callers by the others.
            $0.poolSize = 30
            $0.maxWaiters = 1000
            $0.acquireTimeout = .seconds(60)
        }
        try await withPool(server.url(), configure: configure) { pool in
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...400 {
                    group.addTask { try await pool.query("SELECT \(number)")[0].get(0) }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 400 * 401 / 2)
            #expect(pool.statistics.size <= 12)
            #expect(pool.statistics.busy == 0)
        }
        try await server.stop()
    }

    @Test func linksNotNeededAreClosed() async throws {
        try await withPool(configure: { $0.idleTimeout = .milliseconds(50) }) { pool in
            let holder = try await hold(4, of: pool)
            holder.cancel()
            _ = await holder.result
            try await eventually("one is left") { pool.statistics.size == 1 }
            try await eventually("the server has noticed") {
                try await pool.query("SELECT FROM pg_stat_activity WHERE datname = current_database()").count == 1
            }
        }
    }

    @Test func whoeverClosesThePoolSeesItsEnd() async throws {
        try await withPool { pool in
            let holder = try await hold(1, of: pool)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask { await pool.close() } }
                try await eventually("the pool is shut down") {
                    await pgError { try await pool.query("SELECT 1") }?.kind == .closed
                }
                holder.cancel()
                try await group.waitForAll()
            }
        }
    }

    @Test func aGracefulShutdownClosesThePool() async throws {
        try await PostgresServer.withDatabase { url in
            var configuration = PGConfiguration(url: url)
            configuration.statementTimeout = .seconds(120)
            let pool = PGPool(configuration, logger: .silent)
            let group = ServiceGroup(
                configuration: .init(services: [.init(service: pool)], logger: .silent))
            // Its one link holds a lock, so that a statement ends when the test says so.
            try await withPool(url, configure: { $0.poolSize = 1 }) { holder in
                try await holder.query("SELECT pg_advisory_lock(7)")
                async let running: Void = group.run()
                try await eventually("the first link is open") { pool.statistics.idle == 1 }
                async let last = pool.query("SELECT 7 FROM pg_advisory_xact_lock(7)")
                try await eventually("a statement is under way") { pool.statistics.busy == 1 }
                await group.triggerGracefulShutdown()
                try await eventually("the pool takes nothing new") {
                    await pgError { try await pool.query("SELECT 1") }?.kind == .closed
                }
                #expect(pool.statistics.busy == 1)
                try await holder.query("SELECT pg_advisory_unlock(7)")
                try await running
                // What was under way has come to its end.
                let rows = try await last
                #expect(try rows[0].get(0, as: Int.self) == 7)
                #expect(pool.statistics.size == 0)
            }
        }
    }
}
