public import AMQP
public import Events
public import Logging
public import ServiceLifecycle

/// Live events for as long as this process is connected: an exclusive queue of its own, with bindings that come and go.
///
/// Nothing is kept while the connection is away; `onConnect` is where to look what was missed. Events come in the order
/// of the broker, possibly twice.
public final class EventSubscription: Service, Sendable {
    private let consumer: AMQPConsumer

    /// - Parameters:
    ///   - name: for the broker's list of connections and for logs.
    ///   - bindings: routing keys on `parlor.events` that are always bound.
    ///   - onConnect: runs after each connect, once all bindings are in force, beside the handler.
    ///   - handler: one event at a time.
    public convenience init(
        name: String, bindings: [String] = [], amqp: AMQPConfiguration, logger: Logger,
        onConnect: (@Sendable () async -> Void)? = nil, handler: @escaping @Sendable (Event) async -> Void
    ) {
        self.init(name, bindings, amqp, logger, onConnect, 256) { events in
            for event in events { await handler(event) }
        }
    }

    /// The batch form: whatever has arrived since the last batch, in order, at most `maxBatch`.
    public convenience init(
        name: String, bindings: [String] = [], amqp: AMQPConfiguration, maxBatch: Int, logger: Logger,
        onConnect: (@Sendable () async -> Void)? = nil, batchHandler: @escaping @Sendable ([Event]) async -> Void
    ) {
        self.init(name, bindings, amqp, logger, onConnect, maxBatch, batchHandler)
    }

    private init(
        _ name: String, _ bindings: [String], _ amqp: AMQPConfiguration, _ logger: Logger,
        _ onConnect: (@Sendable () async -> Void)?, _ maxBatch: Int,
        _ handler: @escaping @Sendable ([Event]) async -> Void
    ) {
        var amqp = amqp
        amqp.connectionName = name
        var tagged = logger
        tagged[metadataKey: "subscription"] = "\(name)"
        let logger = tagged
        var topology = EventTopology.publishing
        topology.queues = [.exclusive()]
        topology.bindings = bindings.map { .init(exchange: EventTopology.exchange, queue: "", routingKey: $0) }
        consumer = AMQPConsumer(
            amqp, topology: topology, queues: [""], prefetch: maxBatch * 4, maxBatch: maxBatch, logger: logger,
            onConnect: onConnect
        ) { deliveries in
            let events = deliveries.compactMap { delivery -> Event? in
                do {
                    return try Event(delivery)
                } catch {
                    logger.warning("not an event", metadata: ["error": "\(error)"])
                    return nil
                }
            }
            if !events.isEmpty { await handler(events) }
            return .ack
        }
    }

    /// True while events can arrive.
    public var isConnected: Bool { consumer.isConnected }

    /// Adds a routing key; what is published after this returns is delivered. Remembered and bound again at each connect,
    /// so also when this throws `.unavailable`.
    public func bind(_ key: String) async throws(AMQPError) {
        try await consumer.bind(exchange: EventTopology.exchange, routingKey: key)
    }

    /// Removes and forgets a routing key.
    public func unbind(_ key: String) async throws(AMQPError) {
        try await consumer.unbind(exchange: EventTopology.exchange, routingKey: key)
    }

    public func run() async throws { try await consumer.run() }
}
