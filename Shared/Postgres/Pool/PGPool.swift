public import IOReactor
public import Logging
public import ServiceLifecycle
internal import Synchronization

/// Links to one database, shared by all tasks of a process.
///
/// It works from its creation on and needs no server then: while the database is away every call fails at once with an
/// error that `isUnavailable`, and the pool keeps trying until it is back. `run()` ties its end to a service group.
public final class PGPool: Service, Sendable {
    enum Waiter: Sendable {
        case alone(UnsafeContinuation<PGLink, any Error>)
        case sharing(PGCompanion)

        func fail(_ error: any Error) {
            switch self {
            case .alone(let continuation): continuation.resume(throwing: error)
            case .sharing(let companion): companion.turn.resume(throwing: error)
            }
        }
    }

    struct State: Sendable {
        var machine: PGPoolStateMachine<PGLink, Waiter>
        var timer: MonotonicInstant?
        var isAway = false
        var lastID: UInt64 = 0
        /// Who waits for the last link to come back.
        var closers: [CheckedContinuation<Void, Never>] = []
        var isDrained = false
        /// What comes before anybody is served.
        var preparation: (@Sendable () async throws -> Void)?
    }

    public let configuration: PGConfiguration
    let logger: Logger
    let reactor = Reactor(name: "postgres")
    /// For tasks to which every change of threads counts: on the thread that hears the database, they must not block it.
    public let tasks: ReactorTasks
    let state: Mutex<State>

    public init(_ configuration: PGConfiguration, logger: Logger) {
        tasks = ReactorTasks(reactor)
        self.configuration = configuration
        self.logger = logger
        state = Mutex(State(machine: PGPoolStateMachine(configuration)))
    }

    public var statistics: PGPoolStatistics {
        state.withLock { $0.machine.statistics }
    }

    /// False from a failed attempt to connect until one succeeds, and before what `serve(after:)` asks for is done; true
    /// before the first attempt. A hint: only a statement tells whether the database answers.
    public var isAvailable: Bool {
        state.withLock { !$0.machine.isAway && !$0.machine.isHeld }
    }

    // MARK: - Links for callers

    /// Lends a link to `body`, and takes it back however `body` ends.
    func withLink<T>(_ body: (PGLink) async throws -> T) async throws -> T {
        let link = try await acquire()
        defer { release(link) }
        return try await body(link)
    }

    func acquire() async throws -> PGLink {
        if let link = takeIdle() { return link }
        return try await wait(toShare: false) { .alone($0) }
    }

    /// An idle link whose peer is still there.
    func takeIdle(toShare: Bool = false) -> PGLink? {
        while let link = state.withLock({ $0.machine.takeIdle(toShare: toShare) }) {
            if !link.isRested || link.isPeerPresent() { return link }
            link.isInDoubt = true
            release(link, wasShared: toShare)
        }
        return nil
    }

    /// Waits for what the machine has for a caller that found no idle link.
    func wait<Turn>(
        toShare: Bool, _ waiter: (UnsafeContinuation<Turn, any Error>) -> Waiter
    ) async throws -> Turn {
        try Task.checkCancellation()
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                update { $0.enqueue(waiter(continuation), id: id, toShare: toShare, now: .now) }
                // The handler may have run before the waiter was in the queue.
                if Task.isCancelled { cancelWaiter(id) }
            }
        } onCancel: {
            cancelWaiter(id)
        }
    }

    func release(_ link: PGLink, wasShared: Bool = false) {
        let (isReusable, now) = (link.isReusable, MonotonicInstant.now)
        link.returned = now
        if isReusable, returnIdle(link, wasShared, now) { return }
        update { $0.release(link, wasShared: wasShared, isReusable: isReusable, now: now) }
    }

    private func cancelWaiter(_ id: UInt64) {
        state.withLock { $0.machine.cancel(id: id) }?.fail(CancellationError())
    }

    // MARK: - The machine's shell

    /// The common case of `release`: nobody waits, and the timer that is set comes early enough.
    private func returnIdle(_ link: PGLink, _ wasShared: Bool, _ now: MonotonicInstant) -> Bool {
        state.withLock { $0.machine.returnIdle(link, wasShared: wasShared, now: now, timer: $0.timer) }
    }

    /// Tells the machine what happened, performs what it answers and keeps the timer at what it waits for next.
    func update(_ event: (inout PGPoolStateMachine<PGLink, Waiter>) -> [PGPoolStateMachine<PGLink, Waiter>.Action]) {
        let (actions, timer, wentAway) = state.withLock { state in
            let actions = event(&state.machine)
            let wentAway = state.machine.isAway == state.isAway ? nil : state.machine.isAway
            state.isAway = state.machine.isAway
            return (actions, state.dueTimer(), wentAway)
        }
        if let timer {
            reactor.schedule(atMonotonic: timer) { [weak self] in self?.tick(timer) }
        }
        if let wentAway, !wentAway { logger.info("the database is back") }
        for action in actions { perform(action) }
    }

    private func tick(_ timer: MonotonicInstant) {
        state.withLock { if $0.timer == timer { $0.timer = nil } }
        update { $0.tick(now: .now) }
    }

    private func perform(_ action: PGPoolStateMachine<PGLink, Waiter>.Action) {
        switch action {
        case .lend(let link, let waiters): lend(link, to: waiters)
        case .fail(let waiter, let error): waiter.fail(error)
        case .close: break  // The last reference ends here, and the connection with it.
        case .connect: connect()
        case .drained:
            state.withLock { $0.isDrained = true }
            resumeClosers()
        }
    }

    private func lend(_ link: PGLink, to waiters: [Waiter]) {
        switch waiters[0] {
        case .alone(let continuation):
            continuation.resume(returning: link)
        case .sharing(let first):
            let others = waiters.dropFirst().compactMap { if case .sharing(let other) = $0 { other } else { nil } }
            first.turn.resume(returning: .lead(link, others))
        }
    }

    func resumeClosers() {
        let closers = state.withLock { state in
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }

    private func connect() {
        OwnThread.start("pg-connect") { [weak self, configuration, reactor] in
            let opened = Result { try PGLink.open(configuration, reactor) }
            self?.finishConnecting(opened)
        }
    }

    private func finishConnecting(_ opened: Result<PGLink, any Error>) {
        switch opened {
        case .success(let link):
            update { $0.connected(link, now: .now) }
        case .failure(let error):
            let reason = error as? PGError ?? PGError(.connection, "\(error)")
            if isAvailable { logger.error("the database is away", metadata: ["error": "\(reason)"]) }
            update { $0.connectFailed(reason, now: .now, jitter: .random(in: 0..<1)) }
        }
    }
}

extension PGPool.State {
    /// The instant for which a timer has to be set now, if none is set that early.
    fileprivate mutating func dueTimer() -> MonotonicInstant? {
        guard let next = machine.nextTick, timer.map({ next < $0 }) ?? true else { return nil }
        timer = next
        return next
    }
}
