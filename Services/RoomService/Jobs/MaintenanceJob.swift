import Identifiers
import ServiceSupport

/// Puts right what is only known from others: who is there. A seat held is activity.
struct MaintenanceJob: Sendable {
    let activity: ActivityStore
    let clock: TimeSource

    private static let batch = 500

    func job(every interval: Duration) -> LifecycleJob {
        LifecycleJob(name: "maintenance", interval: interval) { try await run(at: $0) }
    }

    func run(at now: Timestamp) async throws {
        var position: RoomID?
        repeat {
            position = try await activity.reconcile(after: position, limit: Self.batch, now: now)
        } while position != nil && !Task.isCancelled
        try await activity.findSeats(now: now)
    }
}
