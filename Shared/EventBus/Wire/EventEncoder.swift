public import AMQP
public import Events
internal import Identifiers
internal import ServiceSupport

/// An event as a message of the broker: routing key, properties and headers of contract section 9.
public struct EventEncoder: Sendable {
    /// Who publishes, e.g. `room-service`; the `source` of CloudEvents.
    public let source: String

    public init(source: String) {
        self.source = source
    }

    /// Request id and trace are taken from the present ``RequestScope`` where the event has none.
    public func encode(_ event: Event) throws -> AMQPOutgoing {
        let event = event.inScope()
        return outgoing(StoredEvent(event, body: try EventCodec.encode(event)))
    }

    func outgoing(_ event: StoredEvent) -> AMQPOutgoing {
        var headers: [String: AMQPFieldValue] = [
            "cloudEvents_specversion": "1.0", "cloudEvents_id": .string(event.id.description),
            "cloudEvents_source": .string(source), "cloudEvents_type": .string(event.type),
            "cloudEvents_time": .string(event.timestamp.description),
        ]
        if let traceparent = event.traceparent ?? event.requestID.map(RequestScope.makeTraceparent(requestID:)) {
            headers["traceparent"] = .string(traceparent)
        }
        let properties = AMQPProperties(
            contentType: "application/json", persistent: true, correlationID: event.requestID,
            messageID: event.id.description,
            timestamp: UInt64(clamping: event.timestamp.millisecondsSinceEpoch / 1000), type: event.type,
            headers: headers)
        return AMQPOutgoing(
            AMQPMessage(body: event.body, properties: properties), exchange: EventTopology.exchange,
            routingKey: event.routingKey, mandatory: event.isMandatory)
    }
}

extension Event {
    /// With the ids of what caused it. What no request caused, such as a job's doing, gets some to be followed by all the
    /// same.
    func inScope() -> Event {
        var event = self
        event.requestId = requestId ?? RequestScope.current?.requestID ?? RequestScope.makeRequestID()
        event.traceparent = traceparent ?? RequestScope.current?.traceparent
        return event
    }

    /// Reads a delivery; the trace context comes from its header. Throws `DecodingError` for what is no event.
    public init(_ delivery: AMQPDelivery) throws {
        self = try EventCodec.decode(delivery.body)
        traceparent = delivery.properties.headers["traceparent"]?.string
        if requestId == nil { requestId = delivery.properties.correlationID }
    }
}

/// An event ready for the outbox's table, encoded once.
struct StoredEvent: Sendable {
    var id: EventID
    var routingKey: String
    var type: String
    /// The broker gives it back where no queue takes it.
    var isMandatory: Bool
    var requestID: String?
    var traceparent: String?
    var timestamp: Timestamp
    var body: [UInt8]
}

extension StoredEvent {
    init(_ event: Event, body: [UInt8]) {
        self.init(
            id: event.id, routingKey: event.routingKey, type: event.type, isMandatory: event.mustBeConsumed,
            requestID: event.requestId, traceparent: event.traceparent, timestamp: event.timestamp, body: body)
    }
}
