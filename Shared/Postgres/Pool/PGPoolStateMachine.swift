internal import DequeModule
internal import IOReactor

/// Who has which link and who waits for one. It opens no socket and reads no clock: the pool tells it what happened and
/// performs the actions it returns.
struct PGPoolStateMachine<Link: Sendable, Waiter: Sendable>: Sendable {
    typealias Instant = MonotonicInstant

    enum Action: Sendable {
        /// One caller, or several who share the link's next round trip.
        case lend(Link, to: [Waiter])
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
        let size, waiters, sharedLinks: Int
        let acquireTimeout, idleTimeout, minimumBackoff, maximumBackoff: Int64
    }

    /// How many share a round trip at most: each waits for the answers of those before it.
    static var companions: Int { 8 }

    private let limits: Limits
    /// The link used last is lent first, so that the ones not needed grow old at the front.
    private var idle: [(link: Link, since: Instant)] = []
    /// Who wants a link for itself, and who shares one; each in the order of their coming.
    private var queue: Deque<Queued> = []
    private var sharing: Deque<Queued> = []
    private var busy = 0
    /// How many of the busy links carry statements of those who share.
    private var shared = 0
    private var connecting = 0
    private var failure: Failure?
    private var isShutDown = false
    /// Nobody is served before the database is prepared.
    var isHeld = false

    init(_ configuration: PGConfiguration) {
        limits = Limits(
            size: configuration.poolSize, waiters: configuration.maxWaiters,
            sharedLinks: max(1, configuration.poolSize / 4),
            acquireTimeout: configuration.acquireTimeout.wholeNanoseconds,
            idleTimeout: configuration.idleTimeout.wholeNanoseconds,
            minimumBackoff: configuration.minimumBackoff.wholeNanoseconds,
            maximumBackoff: configuration.maximumBackoff.wholeNanoseconds)
    }

    private var live: Int { idle.count + busy }
    private var waiting: Int { queue.count + sharing.count }
    private var mayShare: Bool { shared < limits.sharedLinks }

    var statistics: PGPoolStatistics {
        PGPoolStatistics(size: live, idle: idle.count, busy: busy, connecting: connecting, waiting: waiting)
    }

    /// Whether callers are served: false from a failed attempt to connect until one succeeds.
    var isAway: Bool { failure != nil && live == 0 }

    /// When `tick` has something to do next.
    var nextTick: Instant? {
        var next = queue.first?.deadline
        func consider(_ instant: Instant) { next = next.map { min($0, instant) } ?? instant }
        if let first = sharing.first { consider(first.deadline) }
        if let failure { consider(failure.retryAt) }
        if idle.count > 1 { consider(idle[0].since + limits.idleTimeout) }
        return next
    }

    // MARK: - Callers

    /// An idle link for a caller, when there is one; for who shares, unless as many are under way as may be.
    mutating func takeIdle(toShare: Bool = false) -> Link? {
        guard !isShutDown, !toShare || mayShare, let last = idle.popLast() else { return nil }
        lent(toShare: toShare)
        return last.link
    }

    /// Puts a caller in the queue, or fails it at once: with the reason when the database is away, with
    /// `.poolExhausted` when too many wait.
    mutating func enqueue(_ waiter: Waiter, id: UInt64, toShare: Bool = false, now: Instant) -> [Action] {
        if let link = takeIdle(toShare: toShare) { return [.lend(link, to: [waiter])] }
        if isShutDown { return [.fail(waiter, PGError(.closed, "the pool is shut down"))] }
        if isHeld { return [.fail(waiter, PGError(.connection, "the database is not prepared yet"))] }
        if isAway, let failure { return [.fail(waiter, failure.error)] }
        guard waiting < limits.waiters else {
            return [.fail(waiter, PGError(.poolExhausted, "\(waiting) callers wait for \(live) links already"))]
        }
        let queued = Queued(id: id, waiter: waiter, deadline: now + limits.acquireTimeout)
        if toShare { sharing.append(queued) } else { queue.append(queued) }
        return connectAsNeeded()
    }

    /// Takes a caller out of the queue; nil when it has been served or failed.
    mutating func cancel(id: UInt64) -> Waiter? {
        if let index = queue.firstIndex(where: { $0.id == id }) { return queue.remove(at: index).waiter }
        if let index = sharing.firstIndex(where: { $0.id == id }) { return sharing.remove(at: index).waiter }
        return nil
    }

    // MARK: - Links

    /// A caller gives its link back; `isReusable` is false when it is broken or in doubt.
    mutating func release(_ link: Link, wasShared: Bool = false, isReusable: Bool, now: Instant) -> [Action] {
        busy -= 1
        if wasShared { shared -= 1 }
        if isShutDown { return [.close(link)] + drainedIfSo() }
        guard isReusable else {
            return [.close(link)] + handIdle(now) + (isAway ? failAllIfHopeless() : connectAsNeeded())
        }
        return hand(link, now)
    }

    /// Takes a sound link back when that calls for no action and no timer earlier than the one that is set; false when
    /// `release` has to be told.
    mutating func returnIdle(_ link: Link, wasShared: Bool = false, now: Instant, timer: Instant?) -> Bool {
        let isWanted = !queue.isEmpty || !sharing.isEmpty && (wasShared || mayShare)
        guard !isWanted, !isShutDown, let timer, timer <= now + limits.idleTimeout else { return false }
        busy -= 1
        if wasShared { shared -= 1 }
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
        let late = { (queued: Queued) in queued.deadline <= now }
        for queued in queue.popAll(while: late) + sharing.popAll(while: late) {
            let message = "no link became free within \(Duration.nanoseconds(limits.acquireTimeout)) (\(live) links)"
            actions.append(.fail(queued.waiter, PGError(.poolExhausted, message)))
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
            takeAll().map { Action.fail($0.waiter, PGError(.closed, "the pool is shut down")) }
            + idle.map { Action.close($0.link) }
        idle = []
        return actions + drainedIfSo()
    }

    // MARK: -

    /// The next attempt to connect after one failed, when it is due.
    private mutating func retry(_ now: Instant) -> [Action] {
        guard let retryAt = failure?.retryAt, retryAt <= now else { return [] }
        if live > 0, waiting == 0 {
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

    private mutating func lent(toShare: Bool) {
        busy += 1
        if toShare { shared += 1 }
    }

    /// Whether who is served next shares; nil where nobody waits who may be served.
    private var nextShares: Bool? {
        guard mayShare, let sharer = sharing.first else { return queue.isEmpty ? nil : false }
        return queue.first.map { sharer.deadline < $0.deadline } ?? true
    }

    private mutating func hand(_ link: Link, _ now: Instant) -> [Action] {
        guard let toShare = nextShares else {
            idle.append((link, now))
            return []
        }
        lent(toShare: toShare)
        guard toShare else { return [.lend(link, to: [queue.removeFirst().waiter])] }
        let together = sharing.prefix(Self.companions).map(\.waiter)
        sharing.removeFirst(together.count)
        return [.lend(link, to: together)]
    }

    /// Idle links stand beside callers who share only while no more may be shared.
    private mutating func handIdle(_ now: Instant) -> [Action] {
        guard nextShares != nil, let last = idle.popLast() else { return [] }
        return hand(last.link, now)
    }

    private mutating func takeAll() -> Deque<Queued> {
        defer { (queue, sharing) = ([], []) }
        return queue + sharing
    }

    /// While a link lives or another attempt is under way, those who wait may still be served: a crowded server refuses
    /// some links and keeps others.
    private mutating func failAllIfHopeless() -> [Action] {
        guard isAway, connecting == 0, let failure else { return [] }
        return takeAll().map { .fail($0.waiter, failure.error) }
    }

    /// One new link for each caller that waits and may have one, within the pool's size; none during a back-off.
    private mutating func connectAsNeeded() -> [Action] {
        guard failure == nil else { return [] }
        let wanted = queue.count + min(sharing.count, max(0, limits.sharedLinks - shared))
        let count = min(wanted - connecting, limits.size - live - connecting)
        guard count > 0 else { return [] }
        connecting += count
        return Array(repeating: .connect, count: count)
    }

    private func drainedIfSo() -> [Action] {
        busy + connecting == 0 ? [.drained] : []
    }
}

extension Deque {
    fileprivate mutating func popAll(while isTaken: (Element) -> Bool) -> [Element] {
        let taken = Array(prefix(while: isTaken))
        removeFirst(taken.count)
        return taken
    }
}
