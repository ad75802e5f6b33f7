public import Identifiers

/// What passes the broker (contract, section 9): something that happened, once, with an id of its own.
///
/// On the wire it is one flat JSON object in snake_case. Unknown fields are ignored and an unknown type reads as
/// ``EventBody/unknown(_:)``, so that an older consumer survives a newer producer.
public struct Event: Sendable, Equatable {
    /// Consumers are idempotent by it.
    public var id: EventID
    public var body: EventBody
    public var room: RoomRef?
    /// Who did it.
    public var userId: UserID?
    /// Whom it was done to.
    public var targetUserId: UserID?
    public var timestamp: Timestamp
    /// The number of the timeline entry; `nil` for what is no entry, or not one yet.
    public var seq: Int64?
    /// The room service's own dense number of a fact; `nil` for what is no fact.
    public var fact: Int64?
    public var requestId: String?
    /// W3C trace context; travels as a header, not in the body.
    public var traceparent: String?

    public init(
        id: EventID = .new(), body: EventBody, room: RoomRef? = nil, userId: UserID? = nil,
        targetUserId: UserID? = nil, timestamp: Timestamp = .now(), seq: Int64? = nil, fact: Int64? = nil,
        requestId: String? = nil, traceparent: String? = nil
    ) {
        self.id = id
        self.body = body
        self.room = room
        self.userId = userId
        self.targetUserId = targetUserId
        self.timestamp = timestamp
        self.seq = seq
        self.fact = fact
        self.requestId = requestId
        self.traceparent = traceparent
    }

    /// `event_type` on the wire.
    public var type: String { body.type }

    /// Whether a service lives by it: published before that service's queue exists it must not vanish.
    public var mustBeConsumed: Bool {
        switch body {
        case .timeline(let body): seq == nil && body.type.isRoomFact
        case .invitationCreated, .invitationAccepted, .invitationDeclined, .invitationDeliveryChanged: true
        default: false
        }
    }

    /// `<aggregate>.<event>.<room code>`; the last word is `-` without a room.
    public var routingKey: String {
        let code = room?.code.description ?? "-"
        if seq != nil, case .timeline(let body) = body, body.type.isRoomFact {
            return "timeline.\(body.type.rawValue).\(code)"
        }
        let (aggregate, name) = body.routing
        return "\(aggregate).\(name).\(code)"
    }
}
