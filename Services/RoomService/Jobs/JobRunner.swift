import HTTPSupport
import Identifiers
import Logging
import Postgres
import ServiceLifecycle
import ServiceSupport

/// Runs the lifecycle jobs on the one instance that leads, and shows on every instance how they fare.
final class JobRunner: Service {
    private static let tick: Duration = .seconds(1)
    private static let statusInterval: Duration = .seconds(5)
    /// Jobs that run every moment are noted this often while they succeed.
    private static let noteInterval: Duration = .seconds(30)

    private let jobs: [LifecycleJob]
    private let table: JobTable
    private let leader: PGLeader
    private let clock: TimeSource
    private let health: Health
    private let logger: Logger

    init(_ jobs: [LifecycleJob], pool: PGPool, clock: TimeSource, health: Health, logger: Logger) {
        self.jobs = jobs
        table = JobTable(pool: pool)
        leader = PGLeader(pool.configuration, logger: logger)
        self.clock = clock
        self.health = health
        self.logger = logger
        for job in jobs { health.declare(job: job.name) }
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await leadWhileRunning() }
            group.addTask { [self] in await showStatus() }
            group.addTask { try? await gracefulShutdown() }
            // The shutdown, or the cancellation that stands for it.
            await group.next()
            group.cancelAll()
        }
    }

    private func leadWhileRunning() async {
        var backoff = Backoff(first: .seconds(1), limit: .seconds(10))
        while !Task.isCancelled {
            do {
                try await leader.lead("room-service jobs") { [self] in try await work() }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("jobs interrupted", metadata: [LogKeys.error: "\(error)"])
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    /// The leader's loop. What the last leader did is read first, so that a change of leaders repeats nothing.
    private func work() async throws {
        var turn = try await beginTurn()
        while !Task.isCancelled {
            await runDue(&turn)
            try await Task.sleep(for: Self.tick)
        }
    }

    /// What a leader remembers.
    struct Turn {
        var schedules: [String: JobSchedule] = [:]
        var noted: [String: JobTable.Run] = [:]
    }

    func beginTurn() async throws -> Turn {
        let now = clock.now()
        var turn = Turn()
        for run in try await table.all() { turn.noted[run.name] = run }
        for job in jobs {
            turn.schedules[job.name] = JobSchedule(
                interval: job.interval, lastRun: turn.noted[job.name]?.lastRunAt,
                hasFailed: turn.noted[job.name]?.lastError != nil, now: now)
        }
        return turn
    }

    /// Runs what is due now, one job after the other.
    func runDue(_ turn: inout Turn) async {
        for job in jobs where turn.schedules[job.name]?.isDue(at: clock.now()) == true {
            guard !Task.isCancelled else { return }
            let started = clock.now()
            var run = JobTable.Run(name: job.name, lastRunAt: started, lastError: nil)
            do {
                try await job.run(started)
            } catch {
                // A leader that lost its lock stops here; the next one does the job.
                if Task.isCancelled { return }
                logger.error(
                    "job failed", metadata: ["job": "\(job.name)", LogKeys.error: "\(String(reflecting: error))"])
                run.lastError = "\(error)"
            }
            turn.schedules[job.name]?.ran(at: started, isSuccess: run.lastError == nil)
            health.ran(job: run.name, at: run.lastRunAt, lastError: run.lastError)
            await note(run, &turn)
        }
    }

    private func note(_ run: JobTable.Run, _ turn: inout Turn) async {
        if let last = turn.noted[run.name], last.lastError == run.lastError,
            run.lastRunAt.since(last.lastRunAt) < Self.noteInterval
        {
            return
        }
        do {
            try await table.note(run)
            turn.noted[run.name] = run
        } catch {
            logger.warning("job run not noted", metadata: [LogKeys.error: "\(error)"])
        }
    }

    private func showStatus() async {
        while !Task.isCancelled {
            for run in (try? await table.all()) ?? [] {
                let shown = health.jobs.first { $0.name == run.name }
                guard shown?.lastRunAt.map({ $0 < run.lastRunAt }) ?? true else { continue }
                health.ran(job: run.name, at: run.lastRunAt, lastError: run.lastError)
            }
            try? await Task.sleep(for: Self.statusInterval)
        }
    }
}
