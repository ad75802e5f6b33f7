import Identifiers

/// The further fields of an entry, flat beside those that every entry has.
enum TimelineField: String, CodingKey {
    case type, message, messageId, emoji, count, member, reason, until, room, session
}

extension TimelineBody: Codable {
    public init(from decoder: any Decoder) throws {
        let type = try decoder.container(keyedBy: TimelineField.self).decode(TimelineType.self, forKey: .type)
        try self.init(type, from: decoder)
    }

    /// Reads the fields of an entry whose type is known from elsewhere.
    public init(_ type: TimelineType, from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: TimelineField.self)
        func message() throws -> MessageView { try fields.decode(MessageView.self, forKey: .message) }
        func member() throws -> MemberView { try fields.decode(MemberView.self, forKey: .member) }
        func room() throws -> RoomView { try fields.decode(RoomView.self, forKey: .room) }
        func session() throws -> JSONValue { try fields.decode(JSONValue.self, forKey: .session) }
        func reaction() throws -> ReactionChange {
            ReactionChange(
                messageId: try fields.decode(MessageID.self, forKey: .messageId),
                emoji: try fields.decode(String.self, forKey: .emoji),
                count: try fields.decode(Int.self, forKey: .count))
        }
        switch type {
        case .messageCreated: self = .messageCreated(try message())
        case .messageUpdated: self = .messageUpdated(try message())
        case .messageDeleted: self = .messageDeleted(try message())
        case .reactionAdded: self = .reactionAdded(try reaction())
        case .reactionRemoved: self = .reactionRemoved(try reaction())
        case .reactionsCleared:
            self = .reactionsCleared(messageId: try fields.decode(MessageID.self, forKey: .messageId))
        case .memberJoined: self = .memberJoined(try member())
        case .memberLeft: self = .memberLeft(try member(), reason: try fields.decode(LeaveReason.self, forKey: .reason))
        case .memberUpdated: self = .memberUpdated(try member())
        case .memberBanned:
            self = .memberBanned(
                try member(), reason: try fields.decodeIfPresent(String.self, forKey: .reason),
                until: try fields.decodeIfPresent(Timestamp.self, forKey: .until))
        case .roomUpdated: self = .roomUpdated(try room())
        case .roomEnded: self = .roomEnded(try room(), reason: try fields.decode(EndReason.self, forKey: .reason))
        case .sessionStarted: self = .sessionStarted(try session())
        case .sessionEnded: self = .sessionEnded(try session())
        case .trackStarted: self = .trackStarted(try session())
        }
    }

    /// Writes the further fields only; whoever holds the body writes `type`.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: TimelineField.self)
        switch self {
        case .messageCreated(let message), .messageUpdated(let message), .messageDeleted(let message):
            try fields.encode(message, forKey: .message)
        case .reactionAdded(let change), .reactionRemoved(let change):
            try fields.encode(change.messageId, forKey: .messageId)
            try fields.encode(change.emoji, forKey: .emoji)
            try fields.encode(change.count, forKey: .count)
        case .reactionsCleared(let messageId):
            try fields.encode(messageId, forKey: .messageId)
        case .memberJoined(let member), .memberUpdated(let member):
            try fields.encode(member, forKey: .member)
        case .memberLeft(let member, let reason):
            try fields.encode(member, forKey: .member)
            try fields.encode(reason, forKey: .reason)
        case .memberBanned(let member, let reason, let until):
            try fields.encode(member, forKey: .member)
            try fields.encode(reason, forKey: .reason)
            try fields.encode(until, forKey: .until)
        case .roomUpdated(let room):
            try fields.encode(room, forKey: .room)
        case .roomEnded(let room, let reason):
            try fields.encode(room, forKey: .room)
            try fields.encode(reason, forKey: .reason)
        case .sessionStarted(let session), .sessionEnded(let session), .trackStarted(let session):
            try fields.encode(session, forKey: .session)
        }
    }
}
