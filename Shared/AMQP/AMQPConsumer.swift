public import IOReactor
public import Logging
public import ServiceLifecycle

/// Consumes a queue, or several, over a connection of its own, which it keeps up until it is shut down.
///
/// Each delivery is handed to the handler and settled once with what the handler returns. A delivery whose connection
/// was lost meanwhile comes again, to this or another consumer. Handlers run on the connection's thread, so that a
/// delivery need not wait for another one: they must not block it.
public final class AMQPConsumer: Service, Sendable {
    private enum Handling: Sendable {
        case each(@Sendable (AMQPDelivery) async -> AMQPSettlement, concurrency: Int)
        case batch(@Sendable ([AMQPDelivery]) async -> AMQPSettlement, limit: Int)
    }

    private let configuration: AMQPConfiguration
    private let role: ConsumerRole
    private let link: Link
    private let handling: Handling
    private let prefetch: Int
    private let onConnect: (@Sendable () async -> Void)?
    private let logger: Logger

    /// - Parameters:
    ///   - topology: declared on every connect, before consuming.
    ///   - queue: empty for the queue of `topology` that the broker names.
    ///   - prefetch: deliveries the broker sends ahead of their settlement.
    ///   - concurrency: handlers that run at once, at most `prefetch`. With 1, deliveries are handled in order.
    ///   - onConnect: runs after each connect, once consuming and all bindings are in force, beside the handlers.
    public convenience init(
        _ configuration: AMQPConfiguration, topology: AMQPTopology = AMQPTopology(), queue: String, prefetch: Int = 64,
        concurrency: Int = 64, logger: Logger, onConnect: (@Sendable () async -> Void)? = nil,
        handler: @escaping @Sendable (AMQPDelivery) async -> AMQPSettlement
    ) {
        self.init(
            configuration, topology, [queue], prefetch, nil, logger, onConnect,
            .each(handler, concurrency: max(1, min(concurrency, prefetch))))
    }

    /// The batch form: whatever has arrived while the last batch was handled, at most `maxBatch`, comes together, one batch
    /// at a time, and is settled alike: within 10 ms, together with what came before it. Deliveries of one queue are in
    /// order.
    ///
    /// - Parameters:
    ///   - queues: one, or several with names of their own. Bindings are the first one's.
    ///   - prefetch: of each queue.
    ///   - tasks: whose thread the connection and its handlers share, unless it is one over TLS; nil for a thread of
    ///     their own.
    public convenience init(
        _ configuration: AMQPConfiguration, topology: AMQPTopology = AMQPTopology(), queues: [String],
        prefetch: Int = 256, maxBatch: Int, on tasks: ReactorTasks? = nil, logger: Logger,
        onConnect: (@Sendable () async -> Void)? = nil,
        batchHandler: @escaping @Sendable ([AMQPDelivery]) async -> AMQPSettlement
    ) {
        self.init(
            configuration, topology, queues, prefetch, tasks, logger, onConnect,
            .batch(batchHandler, limit: max(1, maxBatch)))
    }

    private init(
        _ configuration: AMQPConfiguration, _ topology: AMQPTopology, _ queues: [String], _ prefetch: Int,
        _ tasks: ReactorTasks?, _ logger: Logger, _ onConnect: (@Sendable () async -> Void)?, _ handling: Handling
    ) {
        self.configuration = configuration
        self.handling = handling
        self.prefetch = prefetch
        self.onConnect = onConnect
        self.logger = logger
        role = ConsumerRole(queues: queues, prefetch: prefetch, operationTimeout: configuration.operationTimeout)
        link = Link(configuration, topology: topology, on: tasks, logger: logger, role: role)
    }

    private enum Event: Sendable { case linkEnded, shutdownAsked, handlersEnded, timeUp, other }

    /// Connects, consumes, and connects again whenever the connection is lost, until cancelled or gracefully shut
    /// down; then takes nothing new and waits for running handlers, at most `drainTimeout`.
    public func run() async throws {
        await withTaskGroup(of: Event.self) { group in
            group.addTask { [link] in
                await link.run()
                return .linkEnded
            }
            group.addTask { (try? await gracefulShutdown()) == nil ? .other : .shutdownAsked }
            group.addTask(executorPreference: link.tasks) { [self] in
                await runHandlers()
                return .handlersEnded
            }
            group.addTask { [role, onConnect] in
                for await _ in role.connects { await onConnect?() }
                return .other
            }
            for await event in group {
                switch event {
                case .shutdownAsked:
                    role.stopDelivering()
                    group.addTask { [configuration] in
                        try? await Task.sleep(for: configuration.drainTimeout)
                        return .timeUp
                    }
                case .handlersEnded, .timeUp, .linkEnded:
                    role.deliveries.finish()
                    group.cancelAll()
                case .other:
                    break
                }
            }
        }
    }

    /// True while deliveries can arrive.
    public var isConnected: Bool { role.queueName != nil }

    /// The queue consumed now: the broker's name for it where it chooses. Nil while not connected.
    public var queueName: String? { role.queueName }

    /// Adds a binding of the consumed queue; messages routed after this returns are delivered.
    ///
    /// It is remembered and made again at each connect, so also when this throws for want of a connection. Only a
    /// refusal by the broker is not remembered.
    public func bind(exchange: String, routingKey: String) async throws(AMQPError) {
        try checkShort(routingKey, "routing key")
        let binding = AMQPBinding(exchange: exchange, queue: "", routingKey: routingKey)
        try await withCheckedContinuation { role.bind(binding, with: $0) }.get()
    }

    /// Removes and forgets a binding. Where the broker is away there is nothing to wait for, and this returns.
    public func unbind(exchange: String, routingKey: String) async throws(AMQPError) {
        try checkShort(routingKey, "routing key")
        let binding = AMQPBinding(exchange: exchange, queue: "", routingKey: routingKey)
        try await withCheckedContinuation { role.unbind(binding, with: $0) }.get()
    }

    // MARK: - Handlers

    private func runHandlers() async {
        switch handling {
        case .each(let handler, let concurrency):
            await withDiscardingTaskGroup { group in
                for _ in 0..<concurrency {
                    group.addTask { [role] in
                        while let item = await role.deliveries.take(limit: 1).first {
                            item.wire.settle(item.delivery.tag, multiple: false, await handler(item.delivery))
                        }
                    }
                }
            }
        case .batch(let handler, let limit):
            let acks = AckGatherer(on: link.tasks.reactor, limit: max(1, prefetch / 4))
            defer { acks.flush() }
            while true {
                let items = await role.deliveries.take(limit: limit)
                guard let last = items.last else { return }
                // One connection's deliveries end before the next one's begin, and the queue is cleared between.
                let settlement = await handler(items.map(\.delivery))
                acks.handled(items.count, upTo: last.delivery.tag, on: last.wire, as: settlement)
            }
        }
    }
}

extension Wire {
    /// Tells the broker; nothing where the wire is closed, since the broker has taken the delivery back by then.
    func settle(_ tag: UInt64, multiple: Bool, _ settlement: AMQPSettlement) {
        var writer = FrameWriter(reserving: 32)
        writer.settle(tag, multiple: multiple, settlement)
        send { $0 += writer.bytes }
    }
}

extension FrameWriter {
    mutating func settle(_ tag: UInt64, multiple: Bool, _ settlement: AMQPSettlement) {
        switch settlement {
        case .ack: ack(tag, multiple: multiple, channel: Session.mainChannel)
        case .reject(let requeue): nack(tag, multiple: multiple, requeue: requeue, channel: Session.mainChannel)
        }
    }
}
