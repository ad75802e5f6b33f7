internal import CEpoll
internal import Glibc
internal import Synchronization

/// The loop behind a `Reactor`: one epoll set, one event descriptor that interrupts its sleep, and the state both share.
///
/// Separate from `Reactor` so that the thread does not keep the reactor alive.
final class ReactorLoop: Sendable {
    typealias Continuation = UnsafeContinuation<Interest, any Error>

    private let state = Mutex(ReactorState())
    /// The waits, by descriptor, under locks of their own: links of one reactor do not get into each other's way.
    private let shards = (0..<16).map { _ in ReactorShard() }
    /// When the loop has to look for what is due. Never later than the earliest deadline, often earlier.
    private let nextWake = AtomicInstant()
    private let ids = Atomic<UInt64>(0)
    private let epoll: Int32
    private let wakeup: Int32

    init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(epoll >= 0 && wakeup >= 0, "no descriptors left for a reactor (errno \(errno))")
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: wakeup))
        epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event)
    }

    deinit {
        close(epoll)
        close(wakeup)
    }

    /// The loop whose thread this is.
    static var current: ReactorLoop? {
        pthread_getspecific(threadsLoop).map { Unmanaged<ReactorLoop>.fromOpaque($0).takeUnretainedValue() }
    }

    var isCurrentThread: Bool { Self.current === self }

    func newID() -> UInt64 {
        ids.wrappingAdd(1, ordering: .relaxed).newValue
    }

    // MARK: - From any thread

    func enqueue(_ job: ReactorState.Job, on executor: Reactor) {
        let sleeper = state.withLock { state in
            state.jobs.append(job)
            if state.executor == nil { state.executor = executor }
            return state.takeSleeper()
        }
        if sleeper { interrupt() }
    }

    func wait(
        _ id: UInt64, for fd: Int32, _ interest: Interest, until deadline: MonotonicInstant?,
        _ continuation: Continuation
    ) {
        // Armed under the shard's lock, lest two who wait for one descriptor arm it for one of them only.
        let failure = shard(of: fd).waits.withLock { waits -> ReactorError? in
            guard !waits.isClosed else { return .shutDown }
            let union = waits.interest(in: fd).union(interest)
            guard arm(fd, union) else { return .notWatchable(errno: errno) }
            waits.add(.init(id: id, descriptor: fd, interest: interest, deadline: deadline, continuation: continuation))
            return nil
        }
        if let failure { return continuation.resume(throwing: failure) }
        if let deadline { wakeNoLater(than: deadline) }
    }

    func cancel(_ id: UInt64, _ fd: Int32) {
        // The descriptor stays armed: one report without a waiter is dropped, and costs less than disarming.
        let wait = shard(of: fd).waits.withLock { $0.take(id: id) }
        wait?.continuation.resume(throwing: CancellationError())
    }

    func schedule(at instant: MonotonicInstant, _ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.timers.append((instant, action)) }
        wakeNoLater(than: instant)
    }

    func refuseWaits() {
        state.withLock { $0.timers = [] }
        for shard in shards {
            let ended = shard.waits.withLock { waits in
                waits.isClosed = true
                return waits.takeAll()
            }
            for wait in ended { wait.continuation.resume(throwing: ReactorError.shutDown) }
        }
    }

    func end() {
        refuseWaits()
        state.withLock { $0.hasEnded = true }
        interrupt()
    }

    /// Called after the deadline is in its table: a loop that looks meanwhile either finds it there or is told here.
    private func wakeNoLater(than instant: MonotonicInstant) {
        guard nextWake.isLater(than: instant) else { return }
        let sleeper = state.withLock { state in
            nextWake.lower(to: instant)
            return state.takeSleeper()
        }
        if sleeper { interrupt() }
    }

    // MARK: - On the thread

    func run() {
        pthread_setspecific(threadsLoop, Unmanaged.passUnretained(self).toOpaque())
        var jobs: [ReactorState.Job] = []
        let capacity = 64
        // Most jobs make another one, a task's after an actor's; descriptors get their turn all the same.
        let rounds = 16
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: capacity) { events in
            while true {
                for _ in 0..<rounds {
                    guard runJobs(&jobs) else { return }
                    if !hasJobs { break }
                }
                let count = epoll_wait(epoll, events.baseAddress, Int32(capacity), fallAsleep())
                state.withLock { $0.isAsleep = false }
                if count > 0 { report(UnsafeBufferPointer(rebasing: events[..<Int(count)])) }
                expire()
            }
        }
    }

    /// Runs what is enqueued; false when the reactor is gone and has nothing left to do.
    private func runJobs(_ jobs: inout [ReactorState.Job]) -> Bool {
        let (executor, hasEnded) = state.withLock { state in
            swap(&state.jobs, &jobs)
            return (state.executor.take(), state.hasEnded)
        }
        guard let executor else { return !hasEnded }
        for next in jobs {
            if let tasks = next.tasks {
                next.job.runSynchronously(on: tasks.asUnownedTaskExecutor())
            } else {
                next.job.runSynchronously(on: executor.asUnownedSerialExecutor())
            }
        }
        jobs.removeAll(keepingCapacity: true)
        return true
    }

    private var hasJobs: Bool { state.withLock { !$0.jobs.isEmpty } }

    /// How long epoll may sleep, in its milliseconds; from here on whoever has news must interrupt it.
    private func fallAsleep() -> Int32 {
        state.withLock { state in
            guard state.jobs.isEmpty, !state.hasEnded else { return 0 }
            state.isAsleep = true
            return nextWake.millisecondsLeft()
        }
    }

    private func report(_ events: UnsafeBufferPointer<epoll_event>) {
        for event in events {
            let fd = event.data.fd
            guard fd != wakeup else {
                var count = eventfd_t()
                eventfd_read(wakeup, &count)
                continue
            }
            let ready = Interest(epollBits: event.events)
            let (first, others) = shard(of: fd).waits.withLock { waits in
                let first = waits.takeFirst(fd, ready: ready)
                var others: [ReactorShard.Table.Wait] = []
                while let next = waits.takeFirst(fd, ready: ready) { others.append(next) }
                let rest = waits.interest(in: fd)
                if !rest.isEmpty { _ = arm(fd, rest) }
                return (first, others)
            }
            if let first { first.continuation.resume(returning: first.interest.intersection(ready)) }
            for wait in others { wait.continuation.resume(returning: wait.interest.intersection(ready)) }
        }
    }

    private func expire() {
        guard nextWake.hasPassed else { return }
        // Forgotten first: who adds a deadline while we look sees that and tells us.
        nextWake.clear()
        let now = MonotonicInstant.now
        for shard in shards {
            let (late, next) = shard.waits.withLock { ($0.takeExpired(at: now), $0.nextDeadline) }
            for wait in late { wait.continuation.resume(throwing: DeadlineExceeded()) }
            if let next { nextWake.lower(to: next) }
        }
        let (due, next) = state.withLock { ($0.takeDue(at: now), $0.timers.lazy.map(\.at).min()) }
        if let next { nextWake.lower(to: next) }
        for timer in due { timer.action() }
    }

    // MARK: - Kernel

    private func shard(of fd: Int32) -> ReactorShard {
        shards[Int(fd) & 15]
    }

    private func interrupt() {
        eventfd_write(wakeup, 1)
    }

    private func arm(_ fd: Int32, _ interest: Interest) -> Bool {
        var event = epoll_event(events: interest.epollBits, data: epoll_data_t(fd: fd))
        if epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == 0 { return true }
        // New to this set, or a new file under a closed one's number: closing takes a descriptor out of the set.
        return errno == ENOENT && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0
    }
}

/// Where a reactor's thread keeps its loop.
private let threadsLoop: pthread_key_t = {
    var key = pthread_key_t()
    precondition(pthread_key_create(&key, nil) == 0, "no thread-specific data left")
    return key
}()
