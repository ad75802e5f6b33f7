internal import DequeModule
internal import IOReactor

/// Who has which link and who waits for one. It opens no socket and reads no clock: the pool tells it what happened and
/// performs the actions it returns.
struct PGPoolStateMachine<Link: Sendable, Waiter: Sendable>: Sendable {
    typealias Instant = MonotonicInstant

    enum Action: Sendable {
        case lend(Link, to: Waiter)
        case fail(Waiter, PGError)
        /// Open a link; then say `connected` or `connectFailed`.
        case connect
        case close(Link)
        /// The pool is shut down and its last link is back.
        case drained
    }

    private struct Queued {
        let id: UInt64
        let waiter: Waiter
        let deadline: Instant
    }

    private struct Failure {
        var error: PGError
        var count: Int
        var retryAt: Instant
    }

    /// Times in nanoseconds: see `MonotonicInstant`.
    private struct Limits {
        let size, waiters: Int
        let acquireTimeout, idleTimeout, minimumBackoff, maximumBackoff: Int64
    }

    private let limits: Limits
    /// The link used last is lent first, so that the ones not needed grow old at the front.
    private var idle: [(link: Link, since: Instant)] = []
    private var queue: Deque<Queued> = []
    private var busy = 0
    private var connecting = 0
    private var failure: Failure?
    private var isShutDown = false

    init(_ configuration: PGConfiguration) {
        limits = Limits(
            size: configuration.poolSize, waiters: configuration.maxWaiters,
            acquireTimeout: configuration.acquireTimeout.wholeNanoseconds,
            idleTimeout: configuration.idleTimeout.wholeNanoseconds,
            minimumBackoff: configuration.minimumBackoff.wholeNanoseconds,
            maximumBackoff: configuration.maximumBackoff.wholeNanoseconds)
    }

    private var live: Int { idle.count + busy }

    var statistics: PGPoolStatistics {
        PGPoolStatistics(size: live, idle: idle.count, busy: busy, connecting: connecting, waiting: queue.count)
    }

    /// Whether callers are served: false from a failed attempt to connect until one succeeds.
    var isAway: Bool { failure != nil && live == 0 }

    /// When `tick` has something to do next.
    var nextTick: Instant? {
        var next = queue.first?.deadline
        func consider(_ instant: Instant) { next = next.map { min($0, instant) } ?? instant }
        if let failure { consider(failure.retryAt) }
        if idle.count > 1 { consider(idle[0].since + limits.idleTimeout) }
        return next
    }

    // MARK: - Callers

    /// An idle link for a caller, when there is one.
    mutating func takeIdle() -> Link? {
        guard !isShutDown, let last = idle.popLast() else { return nil }
        busy += 1
        return last.link
    }

    /// Puts a caller in the queue, or fails it at once: with the reason when the database is away, with
    /// `.poolExhausted` when too many wait.
    mutating func enqueue(_ waiter: Waiter, id: UInt64, now: Instant) -> [Action] {
        if let link = takeIdle() { return [.lend(link, to: waiter)] }
        if isShutDown { return [.fail(waiter, PGError(.closed, "the pool is shut down"))] }
        if isAway, let failure { return [.fail(waiter, failure.error)] }
        guard queue.count < limits.waiters else {
            return [.fail(waiter, PGError(.poolExhausted, "\(queue.count) callers wait for \(live) links already"))]
        }
        queue.append(Queued(id: id, waiter: waiter, deadline: now + limits.acquireTimeout))
        return connectAsNeeded()
    }

    /// Takes a caller out of the queue; nil when it has been served or failed.
    mutating func cancel(id: UInt64) -> Waiter? {
        guard let index = queue.firstIndex(where: { $0.id == id }) else { return nil }
        return queue.remove(at: index).waiter
    }

    // MARK: - Links

    /// A caller gives its link back; `isReusable` is false when it is broken or in doubt.
    mutating func release(_ link: Link, isReusable: Bool, now: Instant) -> [Action] {
        busy -= 1
        if isShutDown { return [.close(link)] + drainedIfSo() }
        guard isReusable else { return [.close(link)] + (isAway ? failAllIfHopeless() : connectAsNeeded()) }
        return hand(link, now)
    }

    /// Takes a sound link back when that calls for no action and no timer earlier than the one that is set; false when
    /// `release` has to be told.
    mutating func returnIdle(_ link: Link, now: Instant, timer: Instant?) -> Bool {
        guard queue.isEmpty, !isShutDown, let timer, timer <= now + limits.idleTimeout else { return false }
        busy -= 1
        idle.append((link, now))
        return true
    }

    mutating func connected(_ link: Link, now: Instant) -> [Action] {
        connecting -= 1
        if isShutDown { return [.close(link)] + drainedIfSo() }
        failure = nil
        return hand(link, now) + connectAsNeeded()
    }

    /// - Parameter jitter: a random number in 0..<1.
    mutating func connectFailed(_ error: PGError, now: Instant, jitter: Double) -> [Action] {
        connecting -= 1
        if isShutDown { return drainedIfSo() }
        let count = (failure?.count ?? 0) + 1
        let backoff = PGBackoff(
            minimum: .nanoseconds(limits.minimumBackoff), maximum: .nanoseconds(limits.maximumBackoff))
        failure = Failure(error: error, count: count, retryAt: now + backoff.pause(after: count, jitter: jitter))
        return failAllIfHopeless()
    }

    // MARK: - The pool's own life

    /// Opens the first link before anybody asks.
    mutating func start() -> [Action] {
        guard !isShutDown, live + connecting == 0, failure == nil else { return [] }
        connecting += 1
        return [.connect]
    }

    mutating func tick(now: Instant) -> [Action] {
        var actions: [Action] = []
        while let first = queue.first, first.deadline <= now {
            queue.removeFirst()
            let message = "no link became free within \(Duration.nanoseconds(limits.acquireTimeout)) (\(live) links)"
            actions.append(.fail(first.waiter, PGError(.poolExhausted, message)))
        }
        while idle.count > 1, let first = idle.first, first.since + limits.idleTimeout <= now {
            actions.append(.close(idle.removeFirst().link))
        }
        return actions + retry(now)
    }

    mutating func shutDown() -> [Action] {
        guard !isShutDown else { return [] }
        isShutDown = true
        failure = nil
        let actions =
            queue.map { Action.fail($0.waiter, PGError(.closed, "the pool is shut down")) }
            + idle.map { Action.close($0.link) }
        queue = []
        idle = []
        return actions + drainedIfSo()
    }

    // MARK: -

    /// The next attempt to connect after one failed, when it is due.
    private mutating func retry(_ now: Instant) -> [Action] {
        guard let retryAt = failure?.retryAt, retryAt <= now else { return [] }
        if live > 0, queue.isEmpty {
            failure = nil
            return []
        }
        // One attempt at a time, and not forgotten while another is under way.
        let pause = limits.maximumBackoff
        failure?.retryAt = now + pause
        guard connecting == 0 else { return [] }
        connecting += 1
        return [.connect]
    }

    private mutating func hand(_ link: Link, _ now: Instant) -> [Action] {
        guard let first = queue.popFirst() else {
            idle.append((link, now))
            return []
        }
        busy += 1
        return [.lend(link, to: first.waiter)]
    }

    /// While a link lives or another attempt is under way, those who wait may still be served: a crowded server refuses
    /// some links and keeps others.
    private mutating func failAllIfHopeless() -> [Action] {
        guard isAway, connecting == 0, let failure else { return [] }
        defer { queue = [] }
        return queue.map { .fail($0.waiter, failure.error) }
    }

    /// One new link for each caller that waits, within the pool's size; none during a back-off.
    private mutating func connectAsNeeded() -> [Action] {
        guard failure == nil else { return [] }
        let count = min(queue.count - connecting, limits.size - live - connecting)
        guard count > 0 else { return [] }
        connecting += count
        return Array(repeating: .connect, count: count)
    }

    private func drainedIfSo() -> [Action] {
        busy + connecting == 0 ? [.drained] : []
    }
}
