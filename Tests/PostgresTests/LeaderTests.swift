import Postgres
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@Suite struct LeaderTests {
    /// Who leads now, and how many did at the most.
    private final class Record: Sendable {
        private let state = Mutex((now: [String](), terms: [String](), most: 0))

        var now: [String] { state.withLock { $0.now } }
        var terms: [String] { state.withLock { $0.terms } }
        var most: Int { state.withLock { $0.most } }

        /// Leads until cancelled.
        func lead(as name: String) async throws {
            state.withLock {
                $0.now.append(name)
                $0.terms.append(name)
                $0.most = max($0.most, $0.now.count)
            }
            defer { state.withLock { $0.now.removeAll { $0 == name } } }
            try await Task.sleep(for: .seconds(3600))
        }
    }

    private func candidate(_ url: String, _ name: String, _ record: Record) -> Task<Void, any Error> {
        Task {
            let leader = PGLeader(PGConfiguration(url: url), heartbeat: .milliseconds(200), logger: .silent)
            try await leader.lead("relay") { try await record.lead(as: name) }
        }
    }

    @Test func theNextInLineFollows() async throws {
        try await PostgresServer.withDatabase { url in
            let record = Record()
            let tasks = ["a", "b", "c"].map { candidate(url, $0, record) }
            for _ in 0..<3 {
                try await eventually("somebody leads") { record.now.count == 1 }
                let leader = try #require(record.now.first)
                let index = try #require(["a", "b", "c"].firstIndex(of: leader))
                tasks[index].cancel()
                _ = await tasks[index].result
            }
            #expect(Set(record.terms).count == 3)
            #expect(record.most == 1)
        }
    }

    @Test func aLeaderWhoseLinkIsCutStepsDownAndMayReturn() async throws {
        try await PostgresServer.withDatabase { url in
            let record = Record()
            let task = candidate(url, "a", record)
            defer { task.cancel() }
            try await withPool(url) { pool in
                try await eventually("a leads") { record.now == ["a"] }
                try await pool.query(
                    """
                    SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                    WHERE l.locktype = 'advisory' AND d.datname = current_database()
                    """)
                try await eventually("a leads again") { record.terms == ["a", "a"] && record.now == ["a"] }
            }
            #expect(record.most == 1)
        }
    }

    @Test func aLeaderNoticesASilentServer() async throws {
        let server = try await PostgresServer.start()
        let record = Record()
        let task = candidate(server.url(), "a", record)
        try await eventually("a leads") { record.now == ["a"] }
        server.pause()
        try await eventually("a steps down") { record.now.isEmpty }
        server.resume()
        try await eventually("a leads again") { record.now == ["a"] }
        task.cancel()
        _ = await task.result
        try await server.stop()
    }

    @Test func whatTheBodyReturnsOrThrowsEndsTheTerm() async throws {
        struct Enough: Error {}
        try await PostgresServer.withDatabase { url in
            let leader = PGLeader(PGConfiguration(url: url), logger: .silent)
            try await leader.lead("x") {}
            await #expect(throws: Enough.self) { try await leader.lead("x") { throw Enough() } }
            // The lock is free again.
            try await leader.lead("x") {}
        }
    }

    @Test func aGracefulShutdownEndsTheWait() async throws {
        struct Follower: Service {
            let leader: PGLeader
            func run() async throws { try await leader.lead("relay") { Issue.record("it must not lead") } }
        }
        try await PostgresServer.withDatabase { url in
            let record = Record()
            let task = candidate(url, "a", record)
            try await eventually("a leads") { record.now == ["a"] }
            let follower = Follower(leader: PGLeader(PGConfiguration(url: url), logger: .silent))
            let group = ServiceGroup(configuration: .init(services: [.init(service: follower)], logger: .silent))
            async let running: Void = group.run()
            try await withPool(url) { pool in
                try await eventually("the follower waits in line") {
                    // The list is the whole server's, and other tests have lines of their own.
                    try await !pool.query(
                        """
                        SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                        WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()
                        """
                    ).isEmpty
                }
            }
            await group.triggerGracefulShutdown()
            try await running
            task.cancel()
        }
    }
}
