import Postgres
import TestSupport
import Testing

@Suite struct MigratorTests {
    private let history = [
        Migration(name: "0001_rooms", sql: "CREATE TABLE rooms (id int PRIMARY KEY); INSERT INTO rooms VALUES (1);"),
        Migration(name: "0002_slow", sql: "SELECT pg_sleep(0.2); ALTER TABLE rooms ADD name text;"),
        Migration(name: "0003_more", sql: "INSERT INTO rooms VALUES (2, 'two'); -- done"),
    ]

    private func names(_ pool: PGPool) async throws -> [String] {
        try await pool.query("SELECT name FROM rooms.schema_migrations ORDER BY name").map { try $0.get("name") }
    }

    @Test func threeInstancesStartAtOnce() async throws {
        try await PostgresServer.withDatabase { url in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        try await withPool(url) { pool in
                            try await Migrator(pool: pool, schema: "rooms", logger: .silent).migrate(history)
                            let count: Int = try await pool.query("SELECT count(*) FROM rooms.rooms")[0].get(0)
                            #expect(count == 2, "nobody goes on before the schema is complete")
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await withPool(url) { pool in
                let applied = try await names(pool)
                #expect(applied == history.map(\.name))
            }
        }
    }

    @Test func laterMigrationsAreAddedToEarlierOnes() async throws {
        try await withPool { pool in
            let migrator = Migrator(pool: pool, schema: "rooms", logger: .silent)
            try await migrator.migrate(Array(history.prefix(1)))
            try await migrator.migrate(history)
            try await migrator.migrate(history)
            let applied = try await names(pool)
            #expect(applied == history.map(\.name))
        }
    }

    @Test func aFailingMigrationIsNamedAndUndone() async throws {
        try await withPool { pool in
            let migrator = Migrator(pool: pool, schema: "rooms", logger: .silent)
            let broken = Migration(name: "0002_broken", sql: "INSERT INTO rooms VALUES (7); SELECT 1 / 0;")
            let error = await pgError { try await migrator.migrate([history[0], broken]) }
            #expect(error?.sqlState == "22012")
            #expect(error?.message.contains("0002_broken") == true)
            let count: Int = try await pool.query("SELECT count(*) FROM rooms.rooms")[0].get(0)
            #expect(count == 1)
            let applied = try await names(pool)
            #expect(applied == ["0001_rooms"])
            // Mended, it goes on from there.
            try await migrator.migrate([history[0], Migration(name: "0002_broken", sql: "SELECT 1")])
        }
    }

    @Test func aChangedMigrationStopsTheStart() async throws {
        try await withPool { pool in
            let migrator = Migrator(pool: pool, schema: "rooms", logger: .silent)
            try await migrator.migrate(history)
            let changed = Migration(name: "0002_slow", sql: "SELECT 'something else'")
            let error = await pgError { try await migrator.migrate([history[0], changed, history[2]]) }
            #expect(error?.kind == .migration)
            #expect(error?.message.contains("0002_slow") == true)
        }
    }

    @Test func aSchemaWithAStrangeNameIsRefused() async throws {
        try await withPool { pool in
            let error = await pgError {
                try await Migrator(pool: pool, schema: "x; DROP", logger: .silent).migrate(history)
            }
            #expect(error?.kind == .misuse)
        }
    }

    @Test func aServerThatDiesInTheMiddleIsWaitedFor() async throws {
        let server = try await PostgresServer.start()
        try await server.kill()
        try await withPool(server.url()) { pool in
            // Long enough to be seen on any machine, and done at once where somebody has seen it.
            let wait = "SELECT pg_sleep(CASE WHEN to_regclass('public.seen') IS NULL THEN 600 ELSE 0 END)"
            let long = [history[0], Migration(name: "0002_long", sql: wait + "; SELECT 1;")]
            async let migrating: Void = Migrator(pool: pool, schema: "rooms", logger: .silent).migrate(long)
            try await server.launch()
            try await eventually("the second migration is under way") {
                try await !pool.query(
                    "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(CASE%'"
                ).isEmpty
            }
            try await pool.execute("CREATE TABLE public.seen ()")
            try await server.restart()
            try await migrating
            let applied = try await names(pool)
            #expect(applied == ["0001_rooms", "0002_long"])
        }
        try await server.stop()
    }
}
