import Identifiers

/// Something to be done again and again, by one instance at a time.
struct LifecycleJob: Sendable {
    let name: String
    let interval: Duration
    /// Does what is due at the given moment, in small batches. Running it again, also half done, does no harm.
    let run: @Sendable (Timestamp) async throws -> Void
}

/// When a job is due. Pure.
struct JobSchedule: Sendable {
    private static let firstRetry: Duration = .seconds(5)

    let interval: Duration
    private(set) var nextRun: Timestamp
    private(set) var failures = 0

    /// - Parameters:
    ///   - lastRun: whoever ran it; `nil` when nobody ever did.
    ///   - hasFailed: how that went; whoever leads next tries again as soon.
    init(interval: Duration, lastRun: Timestamp?, hasFailed: Bool = false, now: Timestamp) {
        self.interval = interval
        nextRun = now
        if let lastRun { ran(at: lastRun, isSuccess: !hasFailed) }
    }

    func isDue(at now: Timestamp) -> Bool { nextRun <= now }

    mutating func ran(at now: Timestamp, isSuccess: Bool) {
        failures = isSuccess ? 0 : failures + 1
        // A failure is tried again sooner than the next turn, each time a little later.
        let retry = Self.firstRetry * (1 << min(failures - 1, 10))
        nextRun = now + (isSuccess ? interval : min(interval, retry))
    }
}
