public import AMQP
public import Events
public import Logging
public import Postgres
public import ServiceLifecycle

/// Handles the events of a durable work queue, each once in effect.
///
/// The handler's effects and the note that the event was handled commit in one transaction, so a redelivery does nothing.
/// A handler that throws is tried again after 1 s, 10 s, 1 min and 10 min, beside its neighbours; then the event goes to
/// the queue's dead letters, as does at once what is no event. While the database is away nothing counts as a failure:
/// handlers wait for it. Events of an unknown type pass.
public final class EventConsumer: Service, Sendable {
    private let consumer: AMQPConsumer
    private let publisher: AMQPPublisher
    private let inbox: Inbox

    /// - Parameters:
    ///   - queue: all instances of a service share it.
    ///   - concurrency: handlers at once. With 1, events are handled in order of arrival.
    public convenience init(
        queue: WorkQueue, amqp: AMQPConfiguration, pool: PGPool, concurrency: Int = 16,
        retries: RetrySchedule = .contract, logger: Logger,
        handler: @escaping @Sendable (Event, PGTransaction) async throws -> Void
    ) {
        let inbox = Inbox(name: queue.name, pool: pool)
        self.init(queue, amqp, inbox, logger, retries, .each(concurrency)) { events in
            try await inbox.handle(events) { events, tx in for event in events { try await handler(event, tx) } }
        }
    }

    /// For handlers whose effects are facts with events of their own.
    public convenience init(
        queue: WorkQueue, amqp: AMQPConfiguration, outbox: Outbox, concurrency: Int = 16,
        retries: RetrySchedule = .contract, logger: Logger,
        handler: @escaping @Sendable (Event, PGTransaction, EventSink) async throws -> Void
    ) {
        let inbox = Inbox(name: queue.name, pool: outbox.pool)
        self.init(queue, amqp, inbox, logger, retries, .each(concurrency)) { events in
            try await inbox.handle(events, outbox) { events, tx, sink in
                for event in events { try await handler(event, tx, sink) }
            }
        }
    }

    /// The batch form, for what comes by the thousand: whatever has arrived (at most `maxBatch`) is handled in order in
    /// one transaction. If that fails, each event is tried in one of its own.
    public convenience init(
        queue: WorkQueue, amqp: AMQPConfiguration, pool: PGPool, maxBatch: Int,
        retries: RetrySchedule = .contract, logger: Logger,
        batchHandler: @escaping @Sendable ([Event], PGTransaction) async throws -> Void
    ) {
        let inbox = Inbox(name: queue.name, pool: pool)
        self.init(queue, amqp, inbox, logger, retries, .batch(maxBatch)) { events in
            try await inbox.handle(events, batchHandler)
        }
    }

    /// The batch form for handlers with events of their own.
    public convenience init(
        queue: WorkQueue, amqp: AMQPConfiguration, outbox: Outbox, maxBatch: Int,
        retries: RetrySchedule = .contract, logger: Logger,
        batchHandler: @escaping @Sendable ([Event], PGTransaction, EventSink) async throws -> Void
    ) {
        let inbox = Inbox(name: queue.name, pool: outbox.pool)
        self.init(queue, amqp, inbox, logger, retries, .batch(maxBatch)) { events in
            try await inbox.handle(events, outbox, batchHandler)
        }
    }

    private enum Shape {
        case each(Int)
        case batch(Int)
    }

    private init(
        _ queue: WorkQueue, _ amqp: AMQPConfiguration, _ inbox: Inbox, _ logger: Logger,
        _ retries: RetrySchedule, _ shape: Shape, _ handle: @escaping @Sendable ([Event]) async throws -> Void
    ) {
        let topology = EventTopology.workQueue(queue.name, bindings: queue.bindings, retries: retries)
        var logger = logger
        logger[metadataKey: "queue"] = "\(queue.name)"
        // It publishes retries and dead letters only, to queues that exist before the first delivery.
        publisher = AMQPPublisher(amqp, topology: topology, logger: logger)
        self.inbox = inbox
        let work = EventWork(queue: queue.name, retries: retries, publisher: publisher, logger: logger, handle: handle)
        switch shape {
        case .each(let concurrency):
            consumer = AMQPConsumer(
                amqp, topology: topology, queue: queue.name, prefetch: concurrency * 2, concurrency: concurrency,
                logger: logger
            ) { await work.settle($0) }
        case .batch(let maxBatch):
            consumer = AMQPConsumer(
                amqp, topology: topology, queues: [queue.name], prefetch: maxBatch * 2, maxBatch: maxBatch,
                logger: logger
            ) { await work.settle($0) }
        }
    }

    /// True while events can arrive.
    public var isConnected: Bool { consumer.isConnected }

    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Retries of the last running handlers still have to go out: it ends after the consumer.
            group.addTask { [publisher] in await publisher.runUntilCancelled() }
            group.addTask { [inbox] in await inbox.purge() }
            defer { group.cancelAll() }
            try await consumer.run()
        }
    }
}
