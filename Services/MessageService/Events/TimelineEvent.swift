import AMQP
import EventBus
import Events
import Foundation
import Identifiers
import ServiceSupport

/// An entry on its way to the broker.
struct TimelineEvent: Sendable {
    let room: RoomID
    let seq: Int64
    let outgoing: AMQPOutgoing

    private static let encoder = EventEncoder(source: "message-service")

    /// The id of the event that tells an entry: derived, so that a repetition after a crash is known as one.
    static func id(room: RoomID, seq: Int64) -> EventID {
        EventID(UUID.v5(namespace: room.uuid, name: "timeline/\(seq)"))
    }

    /// The hot path: written without a coder.
    init(creationOf message: StoredMessage, scope: RequestScope?) {
        room = message.room.id
        seq = message.seq
        let id = Self.id(room: room, seq: seq)
        let track = message.track.flatMap { try? WireJSON.decode(TrackRef.self, from: $0.utf8) }
        var json = JSONWriter(reserving: 768 + (message.content?.utf8.count ?? 0))
        json.creationEvent(of: message, eventID: id, track: track, requestID: scope?.requestID)
        outgoing = Self.encoder.encode(
            body: json.bytes, id: id, type: TimelineType.messageCreated.rawValue,
            routingKey: "message.created.\(message.room.code)", timestamp: message.createdAt,
            requestID: scope?.requestID, traceparent: scope?.traceparent)
    }

    init(_ entry: TimelineEntry, in room: RoomRef, scope: RequestScope?) throws {
        self.room = room.id
        seq = entry.seq
        let event = Event(
            id: Self.id(room: room.id, seq: entry.seq), body: .timeline(entry.body), room: room, userId: entry.userId,
            targetUserId: entry.body.targetUserId, timestamp: entry.at, seq: entry.seq, requestId: scope?.requestID,
            traceparent: scope?.traceparent)
        outgoing = try Self.encoder.encode(event)
    }
}

extension TimelineBody {
    /// Whom it was done to.
    fileprivate var targetUserId: UserID? {
        switch self {
        case .memberJoined(let member), .memberUpdated(let member), .memberLeft(let member, _),
            .memberBanned(let member, _, _):
            member.userId
        default: nil
        }
    }
}
