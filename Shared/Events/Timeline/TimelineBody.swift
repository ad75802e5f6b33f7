public import Identifiers

/// What happened, for the timeline of a room (contract, section 4): the entry's `type` and its further fields.
public enum TimelineBody: Sendable, Equatable {
    case messageCreated(MessageView)
    case messageUpdated(MessageView)
    case messageDeleted(MessageView)
    case reactionAdded(ReactionChange)
    case reactionRemoved(ReactionChange)
    case reactionsCleared(messageId: MessageID)
    case memberJoined(MemberView)
    case memberLeft(MemberView, reason: LeaveReason)
    case memberUpdated(MemberView)
    case memberBanned(MemberView, reason: String?, until: Timestamp?)
    case roomUpdated(RoomView)
    case roomEnded(RoomView, reason: EndReason)
    case sessionStarted(JSONValue)
    case sessionEnded(JSONValue)
    case trackStarted(JSONValue)

    public var type: TimelineType {
        switch self {
        case .messageCreated: .messageCreated
        case .messageUpdated: .messageUpdated
        case .messageDeleted: .messageDeleted
        case .reactionAdded: .reactionAdded
        case .reactionRemoved: .reactionRemoved
        case .reactionsCleared: .reactionsCleared
        case .memberJoined: .memberJoined
        case .memberLeft: .memberLeft
        case .memberUpdated: .memberUpdated
        case .memberBanned: .memberBanned
        case .roomUpdated: .roomUpdated
        case .roomEnded: .roomEnded
        case .sessionStarted: .sessionStarted
        case .sessionEnded: .sessionEnded
        case .trackStarted: .trackStarted
        }
    }
}

public enum TimelineType: String, Codable, Sendable, CaseIterable {
    case messageCreated = "message_created"
    case messageUpdated = "message_updated"
    case messageDeleted = "message_deleted"
    case reactionAdded = "reaction_added"
    case reactionRemoved = "reaction_removed"
    case reactionsCleared = "reactions_cleared"
    case memberJoined = "member_joined"
    case memberLeft = "member_left"
    case memberUpdated = "member_updated"
    case memberBanned = "member_banned"
    case roomUpdated = "room_updated"
    case roomEnded = "room_ended"
    case sessionStarted = "session_started"
    case sessionEnded = "session_ended"
    case trackStarted = "track_started"

    /// Facts of the room service pass the broker twice; what people write passes once (contract, section 9).
    public var isRoomFact: Bool {
        switch self {
        case .messageCreated, .messageUpdated, .messageDeleted, .reactionAdded, .reactionRemoved, .reactionsCleared:
            false
        default: true
        }
    }
}

/// A reaction that came or went; `count` is how many there are of this emoji afterwards.
public struct ReactionChange: Sendable, Equatable {
    public var messageId: MessageID
    public var emoji: String
    public var count: Int

    public init(messageId: MessageID, emoji: String, count: Int) {
        self.messageId = messageId
        self.emoji = emoji
        self.count = count
    }
}

public enum LeaveReason: String, Codable, Sendable, CaseIterable {
    case left, removed
}

public enum EndReason: String, Codable, Sendable, CaseIterable {
    case deleted, empty, expired
}
