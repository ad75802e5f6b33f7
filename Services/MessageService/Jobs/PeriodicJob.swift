import HTTPSupport
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport

/// Does something again and again, and says in `/health` how it went.
struct PeriodicJob: Sendable {
    let name: String
    let interval: Duration
    let health: Health
    let logger: Logger
    let work: @Sendable () async throws -> Void

    init(
        _ name: String, every interval: Duration, health: Health, logger: Logger,
        work: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.interval = interval
        self.health = health
        self.logger = logger
        self.work = work
        health.declare(job: name)
    }

    /// Runs until cancelled. A failure is noted and is no reason to stop.
    func repeatUntilCancelled() async {
        while !Task.isCancelled {
            do {
                try await work()
                health.ran(job: name, at: .now(), error: nil)
            } catch is CancellationError {
                return
            } catch {
                health.ran(job: name, at: .now(), error: error)
                logger.warning(
                    "job failed", metadata: ["job": "\(name)", LogKeys.error: "\(String(reflecting: error))"])
            }
            try? await Task.sleep(for: interval)
        }
    }
}

/// Jobs that each process runs for itself.
struct OwnJobs: Service {
    let jobs: [PeriodicJob]

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                for job in jobs { group.addTask { await job.repeatUntilCancelled() } }
            }
        }
    }
}
