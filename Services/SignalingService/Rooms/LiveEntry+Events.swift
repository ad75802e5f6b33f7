import AMQP
import Events
import Foundation

extension LiveEntry {
    /// The frame of a message's event, put together from the event's own bytes: what every reader of a busy room waits
    /// for is neither decoded nor encoded, only regrouped. `nil` for other events, and for those with parts whose names
    /// differ.
    init?(messageEvent delivery: AMQPDelivery) {
        guard let name = delivery.properties.type, let type = Self.messageTypes[name],
            let event = JSONObject(delivery.body), let seq = event["seq"].flatMap(event.integer)
        else { return nil }
        // A track's fields have other names in events; tracks are rare enough to be read whole.
        guard event["track_ref"] == nil else { return nil }
        var json: [UInt8] = []
        json.reserveCapacity(delivery.body.count)
        json += Array("{\"type\":\"\(name)\"".utf8)
        for (key, field) in Self.head { Self.append(key, event, field, to: &json) }
        json += Array(",\"message\":{".utf8)
        for (index, (key, field)) in Self.message.enumerated() {
            Self.append(key, event, field, to: &json, isFirst: index == 0)
        }
        json += Array("}}".utf8)
        self.init(
            seq: seq, frame: FrameWriter.frame(json: json, ephemeral: false),
            effect: type == .messageDeleted ? .deleted : .none)
        if type == .messageCreated {
            command = event["message_id"].flatMap(event.string).flatMap(UUID.init(uuidString:))
        }
    }

    private static let messageTypes: [String: TimelineType] = Dictionary(
        uniqueKeysWithValues: [TimelineType.messageCreated, .messageUpdated, .messageDeleted].map { ($0.rawValue, $0) })

    private static let head = [("seq", "seq"), ("at", "timestamp"), ("userId", "user_id")]

    private static let message = [
        ("id", "message_id"), ("roomId", "room_id"), ("seq", "message_seq"), ("userId", "sender_id"),
        ("type", "message_type"), ("content", "content"), ("trackRef", "track_ref"), ("parentId", "parent_id"),
        ("clientMessageId", "client_message_id"), ("createdAt", "created_at"), ("editedAt", "edited_at"),
        ("deletedAt", "deleted_at"),
    ]

    private static func append(
        _ key: String, _ event: JSONObject, _ field: String, to json: inout [UInt8], isFirst: Bool = false
    ) {
        json += Array(isFirst ? "\"\(key)\":".utf8 : ",\"\(key)\":".utf8)
        if let value = event[field] { json += event.raw(value) } else { json += Array("null".utf8) }
    }
}
