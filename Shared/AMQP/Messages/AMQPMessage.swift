/// A message as a publisher gives it and a consumer gets it.
public struct AMQPMessage: Sendable, Equatable {
    public var body: [UInt8]
    public var properties: AMQPProperties

    public init(body: [UInt8], properties: AMQPProperties = AMQPProperties()) {
        self.body = body
        self.properties = properties
    }
}

public struct AMQPProperties: Sendable, Equatable {
    public var contentType: String?
    public var contentEncoding: String?
    /// Kept by durable queues through a restart of the broker.
    public var persistent: Bool
    public var priority: UInt8?
    public var correlationID: String?
    public var replyTo: String?
    /// How long the message may wait in a queue; whole milliseconds.
    public var expiration: Duration?
    public var messageID: String?
    /// Whole seconds since 1970: AMQP knows no finer time.
    public var timestamp: UInt64?
    public var type: String?
    public var appID: String?
    public var headers: [String: AMQPFieldValue]

    public init(
        contentType: String? = nil, contentEncoding: String? = nil, persistent: Bool = true, priority: UInt8? = nil,
        correlationID: String? = nil, replyTo: String? = nil, expiration: Duration? = nil, messageID: String? = nil,
        timestamp: UInt64? = nil, type: String? = nil, appID: String? = nil, headers: [String: AMQPFieldValue] = [:]
    ) {
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.persistent = persistent
        self.priority = priority
        self.correlationID = correlationID
        self.replyTo = replyTo
        self.expiration = expiration
        self.messageID = messageID
        self.timestamp = timestamp
        self.type = type
        self.appID = appID
        self.headers = headers
    }
}

/// One message of a batch to publish.
public struct AMQPOutgoing: Sendable {
    public var message: AMQPMessage
    /// Empty: the default exchange, where the routing key is a queue's name.
    public var exchange: String
    public var routingKey: String
    /// Fail with `.returned` when no queue takes it.
    public var mandatory: Bool

    public init(_ message: AMQPMessage, exchange: String, routingKey: String, mandatory: Bool = false) {
        self.message = message
        self.exchange = exchange
        self.routingKey = routingKey
        self.mandatory = mandatory
    }
}

/// One message as the broker delivered it.
public struct AMQPDelivery: Sendable {
    public var message: AMQPMessage
    public var exchange: String
    public var routingKey: String
    /// The broker delivered it before, to us or to another, and heard no answer.
    public var redelivered: Bool
    /// Meaningful on its own channel only, so only the consumer that got it settles it.
    let tag: UInt64

    public var body: [UInt8] { message.body }
    public var properties: AMQPProperties { message.properties }
}

/// What becomes of a delivery.
public enum AMQPSettlement: Sendable, Equatable {
    /// Done: the broker forgets it.
    case ack
    /// Not done: delivered again, or dead-lettered (or dropped) with `requeue: false`.
    case reject(requeue: Bool)
}
