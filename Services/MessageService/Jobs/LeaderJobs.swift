import Postgres
import ServiceLifecycle

/// Jobs that one instance runs for all.
struct LeaderJobs: Service {
    static let name = "message-jobs"

    let leader: PGLeader
    let jobs: [PeriodicJob]

    func run() async throws {
        try await leader.lead(Self.name) {
            await cancelWhenGracefulShutdown {
                await withTaskGroup(of: Void.self) { group in
                    for job in jobs { group.addTask { await job.repeatUntilCancelled() } }
                }
            }
        }
    }
}
