/// What the callers of a reactor and its thread share besides the waits, under the loop's lock.
struct ReactorState {
    typealias Timer = (at: MonotonicInstant, action: @Sendable () -> Void)

    /// Of an actor, or of a task that prefers the reactor.
    struct Job {
        let job: UnownedJob
        let tasks: ReactorTasks?
    }

    var jobs: [Job] = []
    /// Keeps the executor alive while it has jobs: an actor may drop it in the middle of its own last job.
    var executor: Reactor?
    var timers: [Timer] = []
    var isAsleep = false
    var hasEnded = false

    /// Whether the caller has to interrupt the loop's sleep; true for one caller per sleep.
    mutating func takeSleeper() -> Bool {
        defer { isAsleep = false }
        return isAsleep
    }

    /// Takes out the timers due at `now`.
    mutating func takeDue(at now: MonotonicInstant) -> [Timer] {
        let due = timers.filter { $0.at <= now }
        timers.removeAll { $0.at <= now }
        return due
    }
}
