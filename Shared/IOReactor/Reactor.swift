/// A thread that runs actors' jobs and wakes them when a descriptor of a C library is ready.
///
/// Make it an actor's executor (`nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }`)
/// to give the actor a thread of its own, prefer `ReactorTasks` for tasks that should share it, or use `ready` alone from
/// any task. Jobs run in the order in which they were enqueued, one at a time. The thread lives until the last reference
/// to the reactor is gone.
public final class Reactor: SerialExecutor, Sendable {
    private let loop: ReactorLoop

    /// - Parameter name: the thread's name, cut to 15 bytes.
    public init(name: String) {
        loop = ReactorLoop()
        OwnThread.start(name) { [loop] in loop.run() }
    }

    deinit {
        loop.end()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        loop.enqueue(.init(job: UnownedJob(job), tasks: nil), on: self)
    }

    func enqueue(_ job: consuming ExecutorJob, of tasks: ReactorTasks) {
        loop.enqueue(.init(job: UnownedJob(job), tasks: tasks), on: self)
    }

    public func checkIsolated() {
        precondition(loop.isCurrentThread, "not on the reactor's thread")
    }

    /// Waits, without holding any thread, until `fd` is ready for some of `interest`; returns what it is ready for.
    ///
    /// Who waits on the thread of another reactor is woken there, by that reactor: what runs on one thread stays on it.
    ///
    /// One shot and level-triggered: data that is there already ends the wait at once. A return is a hint (the call
    /// that follows may still find nothing to do), so the descriptor should be non-blocking. Close the descriptor only
    /// when nobody waits for it. Several tasks may wait for one descriptor.
    ///
    /// - Parameter ignoringCancellation: for clean-up that must talk to its peer in a cancelled task; give it a deadline.
    /// - Throws: `DeadlineExceeded`, `CancellationError`, `ReactorError`.
    public func ready(
        _ fd: Int32, _ interest: Interest, deadline: ContinuousClock.Instant? = nil, ignoringCancellation: Bool = false,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> Interest {
        try await ready(
            fd, interest, until: deadline.map { MonotonicInstant($0) }, ignoringCancellation: ignoringCancellation)
    }

    /// The same for those who count in `MonotonicInstant`s.
    package func ready(
        _ fd: Int32, _ interest: Interest, until deadline: MonotonicInstant?, ignoringCancellation: Bool,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> Interest {
        let loop = ReactorLoop.current ?? loop
        let id = loop.newID()
        if ignoringCancellation {
            return try await withUnsafeThrowingContinuation { continuation in
                loop.wait(id, for: fd, interest, until: deadline, continuation)
            }
        }
        return try await withTaskCancellationHandler {
            // A closure is its caller's only if it captures that; else each wait would cost two changes of threads.
            _ = isolation
            // Unsafe continuations: the table gives each out once, and a query waits once, so the check would cost more
            // than the wait.
            return try await withUnsafeThrowingContinuation { continuation in
                loop.wait(id, for: fd, interest, until: deadline, continuation)
                // The handler may have run before there was anything to cancel.
                if Task.isCancelled { loop.cancel(id, fd) }
            }
        } onCancel: {
            loop.cancel(id, fd)
        }
    }

    /// Calls `action` on the reactor's thread at `instant`, or soon after it; at once when it has passed. `action` must
    /// not block. It is dropped when the reactor ends first.
    public func schedule(at instant: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) {
        loop.schedule(at: MonotonicInstant(instant), action)
    }

    package func schedule(atMonotonic instant: MonotonicInstant, _ action: @escaping @Sendable () -> Void) {
        loop.schedule(at: instant, action)
    }

    /// Ends all waits and refuses new ones with `ReactorError.shutDown`; drops what was scheduled. Jobs still run, so
    /// that actors on this reactor can finish.
    public func shutdown() {
        loop.refuseWaits()
    }
}
