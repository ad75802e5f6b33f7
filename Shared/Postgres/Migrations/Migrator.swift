internal import IOReactor
public import Logging

/// Brings a schema up to date when a service starts.
///
/// Several instances may start at once: one migrates under an advisory lock, the others wait for it and find nothing
/// left to do. Each migration runs in a transaction of its own, together with its row in `schema_migrations`, on a link
/// of the migrator's own without a statement timeout.
public struct Migrator: Sendable {
    private let configuration: PGConfiguration
    private let schema: String
    private let logger: Logger

    /// - Parameter schema: created when it is missing; a plain identifier.
    public init(pool: PGPool, schema: String, logger: Logger) {
        self.init(pool.configuration, schema: schema, logger: logger)
    }

    init(_ configuration: PGConfiguration, schema: String, logger: Logger) {
        var own = configuration
        own.schema = schema
        own.statementTimeout = .zero
        own.idleInTransactionTimeout = .zero
        self.configuration = own
        self.schema = schema
        self.logger = logger
    }

    /// Applies what has not been applied, in the given order. While the database is away it waits and tries again.
    ///
    /// - Throws: `PGError` that names the migration; what came before it stays applied. `CancellationError`
    public func migrate(_ migrations: [Migration]) async throws {
        let backoff = PGBackoff(minimum: configuration.minimumBackoff, maximum: configuration.maximumBackoff)
        var failures = 0
        while true {
            do {
                return try await migrateOnce(migrations)
            } catch let error as PGError where error.kind == .connection {
                failures += 1
                // Once; it may take long.
                logger.log(
                    level: failures == 1 ? .warning : .debug, "the migrations wait for the database",
                    metadata: ["error": "\(error)"])
                try await Task.sleep(for: backoff.pause(after: failures, jitter: .random(in: 0..<1)))
            }
        }
    }

    /// The same for a service that starts: where the database is away it does not wait, but has `pool` migrate as soon as the
    /// database is back, and serve nobody before.
    ///
    /// - Throws: `PGError` that names the migration; later it is the pool's `run()` that throws it.
    public func migrate(_ migrations: [Migration], before pool: PGPool) async throws {
        do {
            try await migrateOnce(migrations)
        } catch let error as PGError where error.kind == .connection {
            pool.serve { try await migrate(migrations) }
        }
    }

    private func migrateOnce(_ migrations: [Migration]) async throws {
        let reactor = Reactor(name: "pg-migrate")
        let link = try await OwnThread.run("pg-connect") { [configuration] in try PGLink.open(configuration, reactor) }
        // Held until the link is closed.
        _ = try await link.run("SELECT pg_advisory_lock(hashtextextended(\("migrate " + schema), 0))")
        try await createTable(link)
        let checksums = try await link.run(migrations.map { "SELECT md5(\($0.sql))" }).map(Self.firstText)
        let applied = try await link.run("SELECT name, checksum FROM schema_migrations").rows.map { row in
            let (name, checksum) = try row.decode((String, String).self)
            return MigrationPlan.Applied(name: name, checksum: checksum)
        }
        let plan = try MigrationPlan(migrations, checksums: checksums, applied: applied)
        if !plan.unknown.isEmpty {
            logger.notice("the schema is newer than this version", metadata: ["unknown": "\(plan.unknown)"])
        }
        for migration in plan.pending { try await apply(migration, link) }
    }

    private func createTable(_ link: PGLink) async throws {
        try await link.runScript(
            """
            CREATE SCHEMA IF NOT EXISTS \(schema);
            CREATE TABLE IF NOT EXISTS \(schema).schema_migrations (
                name text PRIMARY KEY,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            );
            """)
    }

    private func apply(_ migration: Migration, _ link: PGLink) async throws {
        let start = ContinuousClock.now
        do {
            _ = try await link.run("BEGIN")
            try await link.runScript(migration.sql)
            let (name, sql) = (migration.name, migration.sql)
            _ = try await link.run([
                "INSERT INTO schema_migrations (name, checksum) VALUES (\(name), md5(\(sql)))", "COMMIT",
            ])
        } catch var error as PGError {
            error.message = "migration \(migration.name): \(error.message)"
            error.sql = nil
            throw error
        }
        let took = (ContinuousClock.now - start).milliseconds
        logger.info("migration applied", metadata: ["migration": "\(migration.name)", "milliseconds": "\(took)"])
    }

    private static func firstText(_ result: PGResult) throws -> String {
        guard let row = result.rows.first else { throw PGError(.decoding, "no checksum") }
        return try row.get(0)
    }
}
