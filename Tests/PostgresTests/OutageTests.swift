import Postgres
import ServiceLifecycle
import TestSupport
import Testing

/// What callers see when the server dies, hangs or is not there yet; each test has a server of its own to hurt.
@Suite(.serialized) struct OutageTests {
    private func withServer(
        configure: (inout PGConfiguration) -> Void = { _ in }, _ body: (PostgresServer, PGPool) async throws -> Void
    ) async throws {
        let server = try await PostgresServer.start()
        try await withPool(server.url(), configure: configure) { pool in
            try await body(server, pool)
        }
        try await server.stop()
    }

    /// What became of `count` tasks that all ran `work`.
    private func outcomes(_ count: Int, _ work: @escaping @Sendable () async throws -> Void) async -> [PGError?] {
        await withTaskGroup(of: PGError?.self) { group in
            for _ in 0..<count { group.addTask { await pgError(work) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func recovers(_ pool: PGPool) async throws {
        try await eventually("the pool recovers") { (try? await pool.query("SELECT 1")) != nil }
        #expect(pool.isAvailable)
    }

    @Test func aServerKilledUnderQueries() async throws {
        try await withServer { server, pool in
            async let sleepers = outcomes(12) { try await pool.query("SELECT pg_sleep(600)") }
            try await eventually("all links are busy and four callers wait") {
                pool.statistics.busy == 8 && pool.statistics.waiting == 4
            }
            try await server.kill()
            for error in await sleepers {
                let error = try #require(error)
                #expect(error.kind == .connection)
                #expect(error.isUnavailable)
            }
            #expect(pool.statistics.size == 0, "a broken link is never kept")
            let later = await pgError { try await pool.query("SELECT 1") }
            #expect(later?.isUnavailable == true)
            #expect(!pool.isAvailable)
            try await server.launch()
            try await recovers(pool)
        }
    }

    @Test func aServerKilledInATransaction() async throws {
        try await withServer { server, pool in
            try await pool.execute("CREATE TABLE t (a int)")
            let error = await pgError {
                try await pool.transaction(retries: 3) { tx in
                    try await tx.execute("INSERT INTO t VALUES (1)")
                    try await server.kill()
                    try await tx.execute("INSERT INTO t VALUES (2)")
                }
            }
            #expect(error?.kind == .connection)
            #expect(error?.isOutcomeUnknown == false)
            try await server.launch()
            try await recovers(pool)
            let count: Int = try await pool.query("SELECT count(*) FROM t")[0].get(0)
            #expect(count == 0)
        }
    }

    @Test func aServerKilledBeforeTheCommitLeavesTheOutcomeOpen() async throws {
        try await withServer { server, pool in
            try await pool.execute("CREATE TABLE t (a int)")
            let error = await pgError {
                try await pool.transaction { tx in
                    try await tx.execute("INSERT INTO t VALUES (1)")
                    try await server.kill()
                }
            }
            #expect(error?.isOutcomeUnknown == true)
            #expect(error?.isUnavailable == true)
        }
    }

    /// The body's own error is not lost when the rollback fails as well.
    @Test func aServerKilledBeforeTheRollback() async throws {
        struct Refused: Error {}
        try await withServer { server, pool in
            let error = await pgError {
                try await pool.transaction { tx in
                    try await tx.execute("SELECT 1")
                    try await server.kill()
                    throw Refused()
                }
            }
            #expect(error?.phase == .rollback)
            #expect(error?.bodyError is Refused)
            #expect(error?.isUnavailable == true)
            #expect(pool.statistics.size == 0)
        }
    }

    /// Nobody was in the middle of anything, so nobody needs to notice.
    @Test func aRestartBetweenQueriesGoesUnnoticed() async throws {
        try await withServer { server, pool in
            _ = await outcomes(8) { try await pool.query("SELECT pg_sleep(0.05)") }
            #expect(pool.statistics.idle > 1)
            try await server.restart()
            let errors = await outcomes(20) { try await pool.query("SELECT 1") }
            #expect(errors.allSatisfy { $0 == nil })
        }
    }

    @Test func aPoolThatStartsBeforeItsServer() async throws {
        try await withServer { server, first in
            try await server.kill()
            try await withPool(server.url()) { pool in
                // Cancelled at the end of its scope.
                async let _: Void = pool.run()
                try await eventually("the pool knows") { !pool.isAvailable }
                let error = await pgError { try await pool.query("SELECT 1") }
                #expect(error?.kind == .connection)
                #expect(pool.statistics.waiting == 0)
                try await server.launch()
                try await eventually("the pool finds its server without being asked") { pool.isAvailable }
                try await pool.query("SELECT 1")
            }
        }
    }

    @Test func nobodyIsServedBeforeTheDatabaseIsPrepared() async throws {
        try await withServer { server, pool in
            let url = pool.configuration.url
            try await server.kill()
            var configuration = PGConfiguration(url: url, schema: "prepared")
            configuration.maximumBackoff = .milliseconds(50)
            let late = PGPool(configuration, logger: .silent)
            try await Migrator(pool: late, schema: "prepared", logger: .silent).migrate(
                [Migration(name: "1", sql: "CREATE TABLE t (a int); INSERT INTO t VALUES (7)")], before: late)
            let running = Task { try await late.run() }
            #expect(!late.isAvailable)
            #expect(await pgError { try await late.query("SELECT * FROM t") }?.isUnavailable == true)
            #expect(await pgError { try await late.read("SELECT * FROM t") }?.isUnavailable == true)
            try await server.launch()
            try await eventually("it is prepared") { late.isAvailable }
            #expect(try await late.query("SELECT * FROM t")[0].get(0, as: Int32.self) == 7)
            running.cancel()
            try await running.value
        }
    }

    @Test func whileItIsPreparedNobodyIsServedThoughTheDatabaseIsThere() async throws {
        try await PostgresServer.withDatabase { url in
            let pool = PGPool(PGConfiguration(url: url), logger: .silent)
            let (gate, opener) = AsyncStream.makeStream(of: Void.self)
            pool.serve { for await _ in gate { return } }
            let running = Task { try await pool.run() }
            #expect(await pgError { try await pool.query("SELECT 1") }?.isUnavailable == true)
            #expect(await pgError { try await pool.read("SELECT 1") }?.isUnavailable == true)
            opener.yield()
            try await eventually("it is prepared") { pool.isAvailable }
            #expect(try await pool.query("SELECT 1").count == 1)
            running.cancel()
            try await running.value
        }
    }

    @Test func aPreparationThatFailsEndsThePool() async throws {
        let pool = PGPool(PGConfiguration(url: "postgresql://127.0.0.1:1/none"), logger: .silent)
        pool.serve { throw PGError(.misuse, "no such thing") }
        #expect(await pgError { try await pool.run() }?.kind == .misuse)
        #expect(await pgError { try await pool.query("SELECT 1") }?.kind == .closed)
        // One that waits does not keep who leaves.
        let patient = PGPool(PGConfiguration(url: "postgresql://127.0.0.1:1/none"), logger: .silent)
        patient.serve { try await Task.sleep(for: .seconds(600)) }
        let group = ServiceGroup(configuration: .init(services: [.init(service: patient)], logger: .silent))
        async let running: Void = group.run()
        await group.triggerGracefulShutdown()
        try await running
    }

    @Test func aPausedServerTimesOut() async throws {
        let configure: (inout PGConfiguration) -> Void = {
            $0.poolSize = 2
            $0.statementTimeout = .milliseconds(200)
            $0.answerGrace = .milliseconds(200)
            $0.acquireTimeout = .milliseconds(300)
        }
        try await withServer(configure: configure) { server, pool in
            // On a busy machine opening a link may take longer than the test's short patience.
            try await eventually("a link is open") { (try? await pool.query("SELECT 1")) != nil }
            server.pause()
            let errors = await outcomes(6) { try await pool.query("SELECT 1") }
            #expect(errors.allSatisfy { $0?.isUnavailable == true })
            #expect(errors.contains { $0?.kind == .timeout })
            #expect(errors.contains { $0?.kind == .poolExhausted })
            server.resume()
            try await recovers(pool)
        }
    }

    @Test func aCancelledQueryOfAPausedServerDoesNotHang() async throws {
        try await withServer(configure: { $0.answerGrace = .milliseconds(200) }) { server, pool in
            try await pool.query("SELECT 1")
            server.pause()
            let task = Task { try await pool.query("SELECT 2") }
            try await eventually("the query is under way") { pool.statistics.busy == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(pool.statistics.size == 0, "nobody knows what the link will say next")
            server.resume()
            try await recovers(pool)
        }
    }

    @Test func aTerminatedBackendIsToldInItsOwnWords() async throws {
        try await withServer(configure: { $0.poolSize = 2 }) { _, pool in
            async let victim = pgError { try await pool.query("SELECT pg_sleep(600)") }
            try await eventually("it sleeps") {
                try await !pool.query("SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'").isEmpty
            }
            try await pool.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'")
            let error = await victim
            #expect(error?.kind == .connection)
            #expect(error?.sqlState == "57P01")
            try await pool.query("SELECT 1")
        }
    }

    @Test func aHostThatIsAwayIsPassedOver() async throws {
        try await withServer { server, _ in
            let dead = try LocalPort.free()
            let url = "postgresql://postgres@127.0.0.1:\(dead),127.0.0.1:\(server.port)/postgres"
            try await withPool(url + "?target_session_attrs=read-write") { pool in
                let port: Int = try await pool.query("SELECT inet_server_port()")[0].get(0)
                #expect(port == server.port)
            }
        }
    }
}
