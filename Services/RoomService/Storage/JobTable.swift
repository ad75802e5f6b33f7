import EventBus
import Identifiers
import Postgres

/// When each job last ran, for whichever instance leads next and for `/health` of them all.
struct JobTable: Sendable {
    struct Run: Sendable, Equatable {
        var name: String
        var lastRunAt: Timestamp
        var lastError: String?
    }

    let pool: PGPool

    func all() async throws -> [Run] {
        try await pool.query("SELECT name, last_run_at, last_error FROM job_runs").map { row in
            let (name, time, error) = try row.decode((String, Timestamp, String?).self)
            return Run(name: name, lastRunAt: time, lastError: error)
        }
    }

    func note(_ run: Run) async throws {
        try await pool.execute(
            """
            INSERT INTO job_runs (name, last_run_at, last_error)
            VALUES (\(run.name), \(run.lastRunAt), \(run.lastError))
            ON CONFLICT (name) DO UPDATE SET last_run_at = excluded.last_run_at, last_error = excluded.last_error
            """)
    }
}
