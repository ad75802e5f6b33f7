/// What must exist on the broker. Declared on every connect, so a broker that lost it gets it back.
public struct AMQPTopology: Sendable, Equatable {
    public var exchanges: [AMQPExchange]
    public var queues: [AMQPQueue]
    public var bindings: [AMQPBinding]

    public init(exchanges: [AMQPExchange] = [], queues: [AMQPQueue] = [], bindings: [AMQPBinding] = []) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
    }

    /// Both, with what they share declared once.
    public func merging(_ other: AMQPTopology) -> AMQPTopology {
        AMQPTopology(
            exchanges: exchanges + other.exchanges.filter { !exchanges.contains($0) },
            queues: queues + other.queues.filter { !queues.contains($0) },
            bindings: bindings + other.bindings.filter { !bindings.contains($0) })
    }
}

public struct AMQPExchange: Sendable, Equatable {
    public enum Kind: String, Sendable { case direct, topic, fanout, headers }

    public var name: String
    public var kind: Kind
    public var durable: Bool
    public var autoDelete: Bool
    public var arguments: [String: AMQPFieldValue]

    public init(
        _ name: String, _ kind: Kind, durable: Bool = true, autoDelete: Bool = false,
        arguments: [String: AMQPFieldValue] = [:]
    ) {
        self.name = name
        self.kind = kind
        self.durable = durable
        self.autoDelete = autoDelete
        self.arguments = arguments
    }
}

public struct AMQPQueue: Sendable, Equatable {
    /// Empty: the broker chooses a name, anew at each connect. One such queue a topology.
    public var name: String
    public var durable: Bool
    /// For this connection only, and gone with it.
    public var exclusive: Bool
    public var autoDelete: Bool
    public var arguments: [String: AMQPFieldValue]

    public init(
        _ name: String, durable: Bool = true, exclusive: Bool = false, autoDelete: Bool = false,
        arguments: [String: AMQPFieldValue] = [:]
    ) {
        self.name = name
        self.durable = durable
        self.exclusive = exclusive
        self.autoDelete = autoDelete
        self.arguments = arguments
    }

    /// A queue of this connection alone, named by the broker.
    public static func exclusive(arguments: [String: AMQPFieldValue] = [:]) -> AMQPQueue {
        AMQPQueue("", durable: false, exclusive: true, autoDelete: true, arguments: arguments)
    }
}

public struct AMQPBinding: Sendable, Hashable {
    public var exchange: String
    /// Empty: the queue named by the broker.
    public var queue: String
    public var routingKey: String

    public init(exchange: String, queue: String, routingKey: String) {
        self.exchange = exchange
        self.queue = queue
        self.routingKey = routingKey
    }
}
