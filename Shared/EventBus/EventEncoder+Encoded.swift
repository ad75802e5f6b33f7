public import AMQP
public import Identifiers

extension EventEncoder {
    /// An event whose body its producer has encoded already, for those that make very many. Not mandatory.
    public func encode(
        body: [UInt8], id: EventID, type: String, routingKey: String, timestamp: Timestamp, requestID: String?,
        traceparent: String?
    ) -> AMQPOutgoing {
        outgoing(
            StoredEvent(
                id: id, routingKey: routingKey, type: type, isMandatory: false, requestID: requestID,
                traceparent: traceparent, timestamp: timestamp, body: body))
    }
}
