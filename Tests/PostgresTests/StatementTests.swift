import Postgres
import TestSupport
import Testing

/// What single statements do, and how they fail.
@Suite struct StatementTests {
    @Test func affectedRowsAreCounted() async throws {
        try await withPool { pool in
            try await pool.execute("CREATE TABLE t (a int)")
            let inserted = try await pool.execute("INSERT INTO t SELECT generate_series(1, 7)")
            let deleted = try await pool.execute("DELETE FROM t WHERE a > \(5)")
            #expect(inserted == 7)
            #expect(deleted == 2)
        }
    }

    @Test func manyRowsAreReadAfterTheirLinkIsBack() async throws {
        try await withPool { pool in
            let rows = try await pool.query("SELECT i, repeat('x', 100) FROM generate_series(1, 50000) i")
            try await pool.query("SELECT 1")
            let sum = try rows.reduce(0) { try $0 + $1.get(0, as: Int.self) }
            #expect(sum == 50000 * 50001 / 2)
            #expect(try rows[49999].get(1, as: String.self).count == 100)
        }
    }

    @Test func errorsCarryWhatTheServerSays() async throws {
        try await withPool { pool in
            try await pool.execute("CREATE TABLE t (a int CONSTRAINT a_once UNIQUE CHECK (a > 0))")
            try await pool.execute("INSERT INTO t VALUES (1)")
            let twice = await pgError { try await pool.execute("INSERT INTO t VALUES (\(1))") }
            #expect(twice?.isUniqueViolation == true)
            #expect(twice?.constraint == "a_once")
            #expect(twice?.table == "t")
            #expect(twice?.isUnavailable == false)
            let negative = await pgError { try await pool.execute("INSERT INTO t VALUES (-1)") }
            #expect(negative?.isCheckViolation == true)
            let syntax = await pgError { try await pool.execute("SELEKT") }
            #expect(syntax?.sqlState == "42601")
            #expect(pool.statistics.size == 1, "an error of a statement costs no link")
        }
    }

    /// The detail quotes values, so it belongs in no log line.
    @Test func descriptionsQuoteNoValues() async throws {
        try await withPool { pool in
            try await pool.execute("CREATE TABLE t (email text PRIMARY KEY)")
            try await pool.execute("INSERT INTO t VALUES ('ada@example.org')")
            let email = "ada@example.org"
            let error = try #require(await pgError { try await pool.execute("INSERT INTO t VALUES (\(email))") })
            #expect(!"\(error)".contains("ada"))
            #expect(String(reflecting: error).contains("ada"))
        }
    }

    @Test func aStatementPreparedBeforeATableChangedStillRuns() async throws {
        try await withPool(configure: { $0.poolSize = 1 }) { pool in
            try await pool.execute("CREATE TABLE t (a int)")
            try await pool.execute("INSERT INTO t VALUES (1)")
            _ = try await pool.query("SELECT * FROM t")
            try await pool.execute("ALTER TABLE t ADD b text DEFAULT 'x'")
            let row = try await pool.query("SELECT * FROM t")[0]
            #expect(row.columnNames == ["a", "b"])
        }
    }

    @Test func statementsArePreparedOnceALink() async throws {
        try await withPool(configure: { $0.poolSize = 1 }) { pool in
            for number in 0..<10 { try await pool.query("SELECT \(number) AS once") }
            let count: Int = try await pool.query(
                "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%AS once'")[0].get(0)
            #expect(count == 1)
        }
    }

    @Test func textThatVariesWithoutEndDoesNotFillTheServer() async throws {
        try await withPool(configure: { $0.poolSize = 1 }) { pool in
            for number in 0..<1200 { try await pool.query("SELECT \(unescaped: "\(number)")") }
            let count: Int = try await pool.query("SELECT count(*) FROM pg_prepared_statements")[0].get(0)
            #expect(count <= 512)
        }
    }

    @Test func aFlightThatFailsWhereStatementsAreForgottenSparesTheLink() async throws {
        try await withPool(configure: { $0.poolSize = 1 }) { pool in
            try await pool.query("SELECT 1")
            for number in 2...511 { try await pool.query("SELECT \(unescaped: "\(number)")") }
            // The last name is taken in the flight, and what frees them all is skipped by the server.
            let failed = await pgError { try await pool.pipeline(["SELECT 1 / 0", "SELECT 'new'"]) }
            #expect(failed?.sqlState == "22012")
            // Here it is not, and what was prepared before it in the same flight is gone with the others.
            for number in 1...600 {
                try await pool.pipeline([
                    "SELECT \(unescaped: "\(number)") AS a", "SELECT \(unescaped: "\(number)") AS b",
                ])
                try await pool.transaction { tx in
                    _ = try await tx.query("SELECT \(unescaped: "\(number)") AS a")
                }
            }
            #expect(pool.statistics.size == 1)
        }
    }

    @Test func aPipelineIsAllOrNothing() async throws {
        try await withPool { pool in
            try await pool.execute("CREATE TABLE t (a int PRIMARY KEY)")
            let rows = try await pool.pipeline(["INSERT INTO t VALUES (1)", "SELECT a FROM t", "SELECT \(2) + 3"])
            #expect(try rows[1][0].get(0) == 1)
            #expect(try rows[2][0].get(0) == 5)
            let error = await pgError {
                try await pool.pipeline(["INSERT INTO t VALUES (2)", "INSERT INTO t VALUES (1)", "SELECT 1"])
            }
            #expect(error?.isUniqueViolation == true)
            let count: Int = try await pool.query("SELECT count(*) FROM t")[0].get(0)
            #expect(count == 1)
        }
    }

    @Test func theSearchPathStartsWithTheSchema() async throws {
        try await withPool(configure: { $0.schema = "rooms" }) { pool in
            try await pool.execute("CREATE SCHEMA rooms")
            try await pool.execute("CREATE TABLE t (a int)")
            let isEmpty = try await pool.query("SELECT * FROM rooms.t").isEmpty
            #expect(isEmpty)
            let name: String = try await pool.query("SHOW application_name")[0].get(0)
            #expect(name == "parlor")
        }
    }

    @Test(arguments: ["not an url", "postgresql://h/db?nonsense=1"]) func aWrongURLIsRefused(url: String) {
        let error = #expect(throws: PGError.self) { try PGConfiguration(url: url).validate() }
        #expect(error?.kind == .misuse)
    }

    @Test func aWrongSchemaIsRefused() {
        #expect(throws: PGError.self) { try PGConfiguration(url: "postgresql://h/db", schema: "a; b").validate() }
    }
}
