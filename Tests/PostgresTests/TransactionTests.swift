import Postgres
import Synchronization
import TestSupport
import Testing

@Suite struct TransactionTests {
    private struct Refused: Error, Equatable {}

    private final class Tally: Sendable {
        let reads = Atomic(0)
    }

    private func withTable(
        configure: (inout PGConfiguration) -> Void = { _ in }, _ body: (PGPool) async throws -> Void
    ) async throws {
        try await withPool(configure: configure) { pool in
            try await pool.execute("CREATE TABLE t (a int PRIMARY KEY, n int NOT NULL DEFAULT 0)")
            try await body(pool)
        }
    }

    private func count(_ pool: PGPool) async throws -> Int {
        try await pool.query("SELECT count(*) FROM t")[0].get(0)
    }

    @Test func commitsWhatTheBodyDid() async throws {
        try await withTable { pool in
            let value = try await pool.transaction { tx in
                try await tx.execute("INSERT INTO t VALUES (1)")
                try await tx.execute("INSERT INTO t VALUES (\(2))")
                return try await tx.query("SELECT sum(a) FROM t")[0].get(0, as: Int.self)
            }
            #expect(value == 3)
            let found = try await count(pool)
            #expect(found == 2)
        }
    }

    @Test func rollsBackAndRethrowsWhatTheBodyThrows() async throws {
        try await withTable { pool in
            await #expect(throws: Refused.self) {
                try await pool.transaction { tx in
                    try await tx.execute("INSERT INTO t VALUES (1)")
                    throw Refused()
                }
            }
            let found = try await count(pool)
            #expect(found == 0)
            #expect(pool.statistics.idle == 1)
        }
    }

    @Test func aDeferredConstraintFailsInTheCommit() async throws {
        try await withTable { pool in
            try await pool.execute("CREATE TABLE u (a int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
            let error = await pgError {
                try await pool.transaction { try await $0.execute("INSERT INTO u VALUES (5)") }
            }
            #expect(error?.phase == .commit)
            #expect(error?.isForeignKeyViolation == true)
            #expect(error?.isOutcomeUnknown == false)
        }
    }

    /// The server answers COMMIT with ROLLBACK then, and nobody may take that for success.
    @Test func aSwallowedErrorCannotCommit() async throws {
        try await withTable { pool in
            let error = await pgError {
                try await pool.transaction { tx in
                    try await tx.execute("INSERT INTO t VALUES (1)")
                    _ = try? await tx.execute("INSERT INTO t VALUES (1)")
                }
            }
            #expect(error?.sqlState == "25P02")
            #expect(error?.phase == .commit)
            let found = try await count(pool)
            #expect(found == 0)
        }
    }

    @Test func aFailedSavepointSparesTheRest() async throws {
        try await withTable { pool in
            try await pool.transaction { tx in
                try await tx.execute("INSERT INTO t VALUES (1)")
                let error = await pgError {
                    try await tx.savepoint {
                        try await tx.execute("INSERT INTO t VALUES (2)")
                        try await tx.savepoint { try await tx.execute("INSERT INTO t VALUES (3)") }
                        try await tx.execute("INSERT INTO t VALUES (1)")
                    }
                }
                #expect(error?.isUniqueViolation == true)
                try await tx.savepoint { try await tx.execute("INSERT INTO t VALUES (4)") }
                // Nothing was sent from this one.
                await #expect(throws: Refused.self) { try await tx.savepoint { throw Refused() } }
            }
            let left: [Int] = try await pool.query("SELECT array_agg(a ORDER BY a) FROM t")[0].get(0)
            #expect(left == [1, 4])
        }
    }

    @Test func statementsSentLaterTravelWithTheNextOneOrTheCommit() async throws {
        try await withTable { pool in
            try await pool.transaction { tx in
                try tx.executeLater("INSERT INTO t VALUES (1)")
                let seen: Int = try await tx.query("SELECT count(*) FROM t")[0].get(0)
                #expect(seen == 1)
                try tx.executeLater("INSERT INTO t VALUES (2)")
            }
            try await pool.transaction { try $0.executeLater("INSERT INTO t VALUES (3)") }
            let found = try await count(pool)
            #expect(found == 3)
            let error = await pgError {
                try await pool.transaction { tx in
                    try await tx.execute("INSERT INTO t VALUES (4)")
                    try tx.executeLater("INSERT INTO t VALUES (1)")
                }
            }
            #expect(error?.isUniqueViolation == true)
            let left = try await count(pool)
            #expect(left == 3)
            #expect(pool.statistics.idle == 1)
        }
    }

    /// Two transactions that both read before either writes: one of them has to lose, and wins the second time.
    @Test func serializationFailuresAreRetriedWhereAsked() async throws {
        try await withTable { pool in
            try await pool.execute("INSERT INTO t VALUES (1, 0)")
            let tally = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        try await pool.transaction(isolation: .serializable, retries: 1) { tx in
                            let n: Int = try await tx.query("SELECT n FROM t WHERE a = 1")[0].get(0)
                            tally.reads.add(1, ordering: .relaxed)
                            try await eventually("both have read") { tally.reads.load(ordering: .relaxed) >= 2 }
                            try await tx.execute("UPDATE t SET n = \(n + 1) WHERE a = 1")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let n: Int = try await pool.query("SELECT n FROM t")[0].get(0)
            #expect(n == 2)
            #expect(tally.reads.load(ordering: .relaxed) == 3)
        }
    }

    @Test func withoutRetriesASerializationFailureIsTold() async throws {
        try await withTable { pool in
            try await pool.execute("INSERT INTO t VALUES (1, 0)")
            let error = await pgError {
                try await pool.transaction(isolation: .repeatableRead) { tx in
                    _ = try await tx.query("SELECT n FROM t")
                    try await pool.execute("UPDATE t SET n = 5")
                    try await tx.execute("UPDATE t SET n = 6")
                }
            }
            #expect(error?.isSerializationFailure == true)
        }
    }

    @Test func twoStatementsAtOnceAreRefused() async throws {
        try await withTable { pool in
            let sleepers: PGQuery = """
                FROM pg_stat_activity
                WHERE datname = current_database() AND state = 'active' AND query = 'SELECT pg_sleep(600)'
                """
            let failed = await pgError {
                try await pool.transaction { tx in
                    async let slow = pgError { try await tx.query("SELECT pg_sleep(600)") }
                    try await eventually("the first statement is under way") {
                        try await !pool.query("SELECT " + sleepers).isEmpty
                    }
                    let error = await pgError { try await tx.query("SELECT 1") }
                    #expect(error?.kind == .misuse)
                    // It lasts until the second one was refused, however late that is.
                    try await pool.query("SELECT pg_cancel_backend(pid) " + sleepers)
                    #expect(await slow?.sqlState == "57014")
                }
            }
            #expect(failed?.phase == .commit)
        }
    }

    @Test func aTransactionThatEscapedItsBodyIsRefused() async throws {
        try await withTable { pool in
            let escaped = try await pool.transaction { tx in
                try await tx.execute("INSERT INTO t VALUES (1)")
                return tx
            }
            let error = await pgError { try await escaped.execute("INSERT INTO t VALUES (2)") }
            #expect(error?.kind == .misuse)
        }
    }

    @Test func locksByNameExcludeEachOther() async throws {
        try await withTable { pool in
            try await pool.execute("INSERT INTO t VALUES (1, 0)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await pool.transaction { tx in
                            try await tx.lock("t")
                            let n: Int = try await tx.query("SELECT n FROM t")[0].get(0)
                            try await tx.execute("UPDATE t SET n = \(n + 1)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let n: Int = try await pool.query("SELECT n FROM t")[0].get(0)
            #expect(n == 6)
        }
    }
}
