public import AMQP
internal import Identifiers
public import Logging
public import Postgres
public import ServiceLifecycle
internal import ServiceSupport
internal import Synchronization

/// Commits facts and their events together, and publishes the events right after the commit.
///
/// Use one for each service instance. Delivery is at least once; events of one room leave in the order of their commits. While
/// the broker is away events gather in the table `outbox`, and leave it in order, whichever instance stored them, once the
/// broker is back. What a crashed instance left behind leaves within seconds. An event that a service must get waits there
/// for as long as no queue takes it.
public final class Outbox: Service, Sendable {
    private struct State {
        var order = PublishOrder()
        var flow = OutboxFlow()
        /// Ordered and on their way to the publisher.
        var outgoing: [StoredEvent] = []
        /// Somebody is handing `outgoing` over; others leave theirs with them.
        var isSubmitting = false
        /// With the publisher, or confirmed and not deleted yet: whatever happens, these are not the relay's.
        var submitted: Set<EventID> = []
        /// The broker has them; their rows can go.
        var confirmed: [EventID] = []
        /// No queue takes them, or the broker never will.
        var refused: [EventID] = []
        var isLeading = false
    }

    let pool: PGPool
    let publisher: AMQPPublisher
    let store: OutboxStore
    let logger: Logger
    let metrics: OutboxMetrics
    private let encoder: EventEncoder
    private let state = Mutex(State())
    /// Something is confirmed or refused.
    let settled = Signal()
    /// This process may have fallen behind.
    let behind = Signal()
    /// The relay may have something to do.
    let waiting = Signal()

    /// - Parameters:
    ///   - source: who publishes, e.g. `room-service`: the `source` of CloudEvents, and the label of the metrics.
    ///   - publisher: with `EventTopology.publishing`; its lifetime encloses the outbox's.
    public init(pool: PGPool, publisher: AMQPPublisher, source: String, logger: Logger) {
        self.pool = pool
        self.publisher = publisher
        self.logger = logger
        encoder = EventEncoder(source: source)
        store = OutboxStore(pool: pool, owner: .random(in: 1...Int64.max))
        metrics = OutboxMetrics(source: source)
    }

    /// Runs `body` in one transaction; what it appends to the sink is stored in the same transaction and published right
    /// after the commit, without making the caller wait for the broker. Works like `PGPool.transaction` otherwise.
    public func transaction<T: Sendable>(
        isolation: PGIsolation = .readCommitted, retries: Int = 0,
        _ body: (PGTransaction, EventSink) async throws -> T
    ) async throws -> T {
        var attempt = Collected()
        do {
            let value = try await pool.transaction(isolation: isolation, retries: retries) { tx in
                // The last attempt, if there was one, came to nothing.
                abort(attempt)
                let collected = Collected()
                attempt = collected
                let value = try await body(tx, sink(collected))
                let events = collected.close().map(\.event)
                if !events.isEmpty {
                    let isOwner = state.withLock { $0.flow.store(events.map(\.id)) }
                    try tx.executeLater(store.insert(events, isOwner: isOwner))
                }
                return value
            }
            commit(attempt)
            return value
        } catch {
            abort(attempt)
            // If it did commit after all, only the table knows.
            if (error as? PGError)?.isOutcomeUnknown == true { fallBehind() }
            throw error
        }
    }

    // MARK: - Order

    private func sink(_ collected: Collected) -> EventSink {
        EventSink { [self] event, room in
            let ticket = state.withLock { $0.order.append(room: room) }
            // Appended after the end: nobody will store it, so nobody must wait for it.
            if !collected.add(.init(ticket: ticket, event: event)) { _ = state.withLock { $0.order.abort(ticket) } }
        }
    }

    private func commit(_ collected: Collected) {
        let entries = collected.close()
        guard !entries.isEmpty else { return }
        hand { state in state.flow.publish(entries.flatMap { state.order.commit($0.ticket, $0.event) }) }
    }

    private func abort(_ collected: Collected) {
        let entries = collected.close()
        guard !entries.isEmpty else { return }
        hand { state in
            state.flow.abort(entries.map(\.event.id))
            return state.flow.publish(entries.flatMap { state.order.abort($0.ticket) })
        }
    }

    // MARK: - Publishing

    /// Appends what `take` returns to what goes to the publisher, in this order whoever hands it over.
    private func hand(_ take: (inout State) -> [StoredEvent]) {
        let mustSubmit = state.withLock { state in
            state.outgoing += take(&state)
            guard !state.isSubmitting, !state.outgoing.isEmpty else { return false }
            state.isSubmitting = true
            return true
        }
        guard mustSubmit else { return }
        while let batch = nextBatch() {
            publisher.submit(batch.map(encoder.outgoing)) { [weak self] results in
                self?.settle(batch, results)
            }
        }
    }

    private func nextBatch() -> [StoredEvent]? {
        state.withLock { state in
            guard !state.outgoing.isEmpty else {
                state.isSubmitting = false
                return nil
            }
            defer { state.outgoing = [] }
            state.submitted.formUnion(state.outgoing.map(\.id))
            return state.outgoing
        }
    }

    private func settle(_ batch: [StoredEvent], _ results: [Result<Void, AMQPError>]) {
        let outcome = PublishOutcome(batch, results)
        state.withLock { state in
            state.confirmed += outcome.confirmed
            state.refused += outcome.refused
            state.submitted.subtract(outcome.failed)
        }
        note(outcome)
        if !outcome.confirmed.isEmpty || !outcome.refused.isEmpty { settled.send() }
        if outcome.failure != nil { fallBehind() }
    }

    func note(_ outcome: PublishOutcome) {
        if !outcome.confirmed.isEmpty { metrics.published(outcome.confirmed.count) }
        if let refusal = outcome.refusal {
            logger.notice(
                "events wait for a queue that takes them",
                metadata: ["count": "\(outcome.refused.count)", LogKeys.error: "\(refusal)"])
        }
        if let failure = outcome.failure {
            logger.debug("events stay in the outbox", metadata: [LogKeys.error: "\(failure)"])
        }
    }

    func fallBehind() {
        state.withLock { $0.flow.fallBehind() }
        behind.send()
    }

    // MARK: - For the relay

    var isDirect: Bool { state.withLock(\.flow.isDirect) }
    var isSettled: Bool { state.withLock(\.flow.isSettled) }

    var isLeading: Bool {
        get { state.withLock(\.isLeading) }
        set { state.withLock { $0.isLeading = newValue } }
    }

    func takeSettled() -> (confirmed: [EventID], refused: [EventID]) {
        state.withLock { state in
            defer { (state.confirmed, state.refused) = ([], []) }
            return (state.confirmed, state.refused)
        }
    }

    /// The rows of these are done with.
    func forget(_ events: [EventID]) { state.withLock { $0.submitted.subtract(events) } }

    func putBack(confirmed: [EventID], refused: [EventID]) {
        state.withLock { state in
            state.confirmed += confirmed
            state.refused += refused
        }
    }

    func beginCatchingUp() { state.withLock { $0.flow.beginCatchingUp() } }

    /// Leaves to the relay what this process will not publish.
    func leaveRowsToRelay() async throws {
        let events = try await store.disown(except: state.withLock { Array($0.submitted) })
        state.withLock { $0.flow.leaveToRelay(events) }
    }

    /// The same, for rows whose commit or deletion got lost on the way.
    func leaveForgottenRows(olderThan age: Duration) async throws {
        let events = try await store.disown(olderThan: age)
        state.withLock { $0.flow.leaveToRelay(events) }
    }

    func endCatchingUp() { hand { $0.flow.endCatchingUp() } }

    func outgoing(_ events: [StoredEvent]) -> [AMQPOutgoing] { events.map(encoder.outgoing) }
}

/// The events of one attempt of a transaction.
private final class Collected: Sendable {
    private let state = Mutex<(entries: [EventSink.Entry], isClosed: Bool)>(([], false))

    /// False once closed.
    func add(_ entry: EventSink.Entry) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.entries.append(entry)
            return true
        }
    }

    func close() -> [EventSink.Entry] {
        state.withLock { state in
            state.isClosed = true
            return state.entries
        }
    }
}

/// Wakes the one loop that waits for it; what comes while it works wakes it once more.
struct Signal: Sendable {
    let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func send() { continuation.yield() }
}
