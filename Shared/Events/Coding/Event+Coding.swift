import Identifiers

/// The names of the envelope, in the camelCase that ``SnakeJSON`` turns into the broker's snake_case.
private enum EnvelopeField: String, CodingKey {
    case eventId, eventType, roomId, roomUuid, userId, targetUserId, timestamp, seq, fact, requestId
}

private enum BodyField: String, CodingKey {
    case room, participant, participantCount, notification
}

extension Event: Codable {
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: EnvelopeField.self)
        let code = try fields.decodeIfPresent(RoomCode.self, forKey: .roomId)
        let roomID = try fields.decodeIfPresent(RoomID.self, forKey: .roomUuid)
        self.init(
            id: try fields.decode(EventID.self, forKey: .eventId),
            body: try EventBody(type: try fields.decode(String.self, forKey: .eventType), from: decoder),
            room: code.flatMap { code in roomID.map { RoomRef(id: $0, code: code) } },
            userId: try fields.decodeIfPresent(UserID.self, forKey: .userId),
            targetUserId: try fields.decodeIfPresent(UserID.self, forKey: .targetUserId),
            timestamp: try fields.decode(Timestamp.self, forKey: .timestamp),
            seq: try fields.decodeIfPresent(Int64.self, forKey: .seq),
            fact: try fields.decodeIfPresent(Int64.self, forKey: .fact),
            requestId: try fields.decodeIfPresent(String.self, forKey: .requestId))
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: EnvelopeField.self)
        try fields.encode(id, forKey: .eventId)
        try fields.encode(type, forKey: .eventType)
        try fields.encodeIfPresent(room?.code, forKey: .roomId)
        try fields.encodeIfPresent(room?.id, forKey: .roomUuid)
        try fields.encode(userId, forKey: .userId)
        try fields.encodeIfPresent(targetUserId, forKey: .targetUserId)
        try fields.encode(timestamp, forKey: .timestamp)
        try fields.encodeIfPresent(seq, forKey: .seq)
        try fields.encodeIfPresent(fact, forKey: .fact)
        try fields.encodeIfPresent(requestId, forKey: .requestId)
        try body.encode(to: encoder)
    }
}

extension EventBody {
    fileprivate init(type: String, from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: BodyField.self)
        switch type {
        case "room_created": self = .roomCreated(try fields.decode(RoomView.self, forKey: .room))
        case "user_joined": self = .userJoined(try PresenceChange(from: decoder))
        case "participant_updated": self = .participantUpdated(try PresenceChange(from: decoder))
        case "user_left": self = .userLeft(try PresenceEnd(from: decoder))
        case "queue_updated": self = .queueUpdated(try SessionState(from: decoder))
        case "invitation_created": self = .invitationCreated(try InvitationFields(from: decoder))
        case "invitation_accepted": self = .invitationAccepted(try InvitationFields(from: decoder))
        case "invitation_declined": self = .invitationDeclined(try InvitationFields(from: decoder))
        case "invitation_delivery_changed": self = .invitationDeliveryChanged(try InvitationFields(from: decoder))
        case "match_found": self = .matchFound(try fields.decode(RoomView.self, forKey: .room))
        case "mutual_like": self = .mutualLike
        case "user_banned": self = .userBanned(try UserBan(from: decoder))
        case "report_created": self = .reportCreated(try ReportFields(from: decoder))
        case "notification_created":
            self = .notificationCreated(try fields.decode(NotificationView.self, forKey: .notification))
        default:
            guard let type = TimelineType(rawValue: type) else {
                self = .unknown(type)
                return
            }
            switch type {
            case .messageCreated: self = .timeline(.messageCreated(try EventMessage(from: decoder).message))
            case .messageUpdated: self = .timeline(.messageUpdated(try EventMessage(from: decoder).message))
            case .messageDeleted: self = .timeline(.messageDeleted(try EventMessage(from: decoder).message))
            default: self = .timeline(try TimelineBody(type, from: decoder))
            }
        }
    }

    fileprivate func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: BodyField.self)
        switch self {
        case .timeline(.messageCreated(let message)), .timeline(.messageUpdated(let message)),
            .timeline(.messageDeleted(let message)):
            try EventMessage(message).encode(to: encoder)
        case .timeline(let body): try body.encode(to: encoder)
        case .roomCreated(let room), .matchFound(let room): try fields.encode(room, forKey: .room)
        case .userJoined(let change), .participantUpdated(let change): try change.encode(to: encoder)
        case .userLeft(let end): try end.encode(to: encoder)
        case .queueUpdated(let state): try state.encode(to: encoder)
        case .invitationCreated(let invitation), .invitationAccepted(let invitation),
            .invitationDeclined(let invitation), .invitationDeliveryChanged(let invitation):
            try invitation.encode(to: encoder)
        case .userBanned(let ban): try ban.encode(to: encoder)
        case .reportCreated(let report): try report.encode(to: encoder)
        case .notificationCreated(let notification): try fields.encode(notification, forKey: .notification)
        case .mutualLike, .unknown: break
        }
    }
}

/// The fields of a message as its events tell them: flat in the envelope, under the names of contract section 9.
private struct EventMessage: Codable {
    let message: MessageView

    init(_ message: MessageView) { self.message = message }

    enum Field: String, CodingKey {
        case roomId, messageId, messageSeq, senderId, messageType, content, trackRef, parentId, clientMessageId
        case createdAt, editedAt, deletedAt
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        message = MessageView(
            id: try fields.decode(MessageID.self, forKey: .messageId),
            roomId: try fields.decode(RoomCode.self, forKey: .roomId),
            seq: try fields.decode(Int64.self, forKey: .messageSeq),
            userId: try fields.decode(UserID.self, forKey: .senderId),
            type: try fields.decode(MessageType.self, forKey: .messageType),
            content: try fields.decodeIfPresent(String.self, forKey: .content),
            trackRef: try fields.decodeIfPresent(TrackRef.self, forKey: .trackRef),
            parentId: try fields.decodeIfPresent(MessageID.self, forKey: .parentId),
            clientMessageId: try fields.decodeIfPresent(String.self, forKey: .clientMessageId),
            createdAt: try fields.decode(Timestamp.self, forKey: .createdAt),
            editedAt: try fields.decodeIfPresent(Timestamp.self, forKey: .editedAt),
            deletedAt: try fields.decodeIfPresent(Timestamp.self, forKey: .deletedAt))
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(message.id, forKey: .messageId)
        try fields.encode(message.seq, forKey: .messageSeq)
        try fields.encode(message.userId, forKey: .senderId)
        try fields.encode(message.type, forKey: .messageType)
        try fields.encode(message.content, forKey: .content)
        try fields.encode(message.trackRef, forKey: .trackRef)
        try fields.encode(message.parentId, forKey: .parentId)
        try fields.encode(message.clientMessageId, forKey: .clientMessageId)
        try fields.encode(message.createdAt, forKey: .createdAt)
        try fields.encode(message.editedAt, forKey: .editedAt)
        try fields.encode(message.deletedAt, forKey: .deletedAt)
    }
}
