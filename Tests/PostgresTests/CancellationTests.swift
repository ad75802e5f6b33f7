import Postgres
import TestSupport
import Testing

@Suite struct CancellationTests {
    private func sleepers(_ pool: PGPool) async throws -> Int {
        try await pool.query(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND state = 'active' AND query = 'SELECT pg_sleep(600)'
            """)[0].get(0)
    }

    @Test func reachesTheServerAndKeepsTheLink() async throws {
        try await withPool(configure: { $0.statementTimeout = .seconds(700) }) { pool in
            let task = Task { try await pool.query("SELECT pg_sleep(600)") }
            try await eventually("it sleeps") { try await sleepers(pool) == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            let left = try await sleepers(pool)
            #expect(left == 0, "the caller is told when the server has stopped, not before")
            #expect(pool.statistics.size == 2)
        }
    }

    /// A server ignores a request that comes before the statement has begun, or between two of its messages.
    @Test func aRequestThatComesTooEarlyIsRepeated() async throws {
        try await withPool(configure: { $0.statementTimeout = .seconds(700) }) { pool in
            for round in 0..<200 {
                let task = Task { try await pool.query("SELECT pg_sleep(600)") }
                while pool.statistics.busy == 0 { await Task.yield() }
                try await Task.sleep(for: .microseconds(round * 5))
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
            }
            try await eventually("nobody sleeps") { try await sleepers(pool) == 0 }
        }
    }

    @Test func rollsTheTransactionBack() async throws {
        try await withPool { pool in
            try await pool.execute("CREATE TABLE t (a int)")
            let task = Task {
                try await pool.transaction { tx in
                    try await tx.execute("INSERT INTO t VALUES (1)")
                    try await tx.query("SELECT pg_sleep(600)")
                }
            }
            try await eventually("it sleeps") { pool.statistics.busy == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            let rows = try await pool.query("SELECT * FROM t")
            #expect(rows.isEmpty)
            #expect(pool.statistics.busy == 0)
        }
    }

    @Test func aCancelledTaskDoesNotEvenStart() async throws {
        try await withPool { pool in
            try await pool.execute("CREATE TABLE t (a int)")
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await pool.execute("INSERT INTO t VALUES (1)")
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            let rows = try await pool.query("SELECT * FROM t")
            #expect(rows.isEmpty)
        }
    }

    /// A request to cancel that arrives late must not hit the link's next user.
    @Test func hitsNoBystander() async throws {
        try await withPool(configure: { $0.poolSize = 1 }) { pool in
            for round in 0..<60 {
                let task = Task { try await pool.query("SELECT pg_sleep(\(Double(round % 6) / 1000))") }
                try await Task.sleep(for: .microseconds(round * 100))
                task.cancel()
                // Either outcome is right, but the next statement must not suffer from it.
                _ = await task.result
                for _ in 0..<3 { try await pool.query("SELECT pg_sleep(0.001)") }
            }
            #expect(pool.statistics.size == 1)
        }
    }

    @Test func theServersStatementTimeoutKeepsTheLink() async throws {
        try await withPool(configure: { $0.statementTimeout = .milliseconds(100) }) { pool in
            let error = await pgError { try await pool.query("SELECT pg_sleep(600)") }
            #expect(error?.kind == .timeout)
            #expect(error?.sqlState == "57014")
            #expect(pool.statistics.idle == 1)
        }
    }
}
