public import Foundation
public import Identifiers

/// A message on its way from a socket to the message service (JSON in camelCase, over the broker or `/internal`).
///
/// It needs no durability: the client resends what was not acknowledged, and `clientMessageId` makes that harmless.
public struct MessageCommand: Codable, Sendable, Equatable {
    /// Pairs the reply with the command, and is the id of the message that becomes of it: its `message.created` is the
    /// reply too.
    public var id: UUID
    public var roomUuid: RoomID
    public var roomId: RoomCode
    public var userId: UserID
    public var requestId: String?
    public var type: MessageType
    public var content: String
    public var trackRef: TrackRef?
    public var parentId: MessageID?
    public var clientMessageId: String

    public init(
        id: UUID, roomUuid: RoomID, roomId: RoomCode, userId: UserID, requestId: String?, type: MessageType,
        content: String, trackRef: TrackRef?, parentId: MessageID?, clientMessageId: String
    ) {
        self.id = id
        self.roomUuid = roomUuid
        self.roomId = roomId
        self.userId = userId
        self.requestId = requestId
        self.type = type
        self.content = content
        self.trackRef = trackRef
        self.parentId = parentId
        self.clientMessageId = clientMessageId
    }
}

public struct CommandBatch: Codable, Sendable, Equatable {
    public var commands: [MessageCommand]
    public init(commands: [MessageCommand]) { self.commands = commands }
}

/// What became of a command: stored (`messageId` and `seq`), or refused (`error`). Over the broker nothing is said of
/// what its event tells.
public struct CommandReply: Codable, Sendable, Equatable {
    public var id: UUID
    public var messageId: MessageID?
    public var seq: Int64?
    public var error: Refusal?

    public struct Refusal: Codable, Sendable, Equatable {
        /// A code of contract section 2.
        public var code: String
        public var message: String
        public var retryable: Bool
        public var retryAfterMs: Int?

        public init(code: String, message: String, retryable: Bool, retryAfterMs: Int? = nil) {
            self.code = code
            self.message = message
            self.retryable = retryable
            self.retryAfterMs = retryAfterMs
        }
    }

    public static func stored(_ id: UUID, messageId: MessageID, seq: Int64) -> CommandReply {
        CommandReply(id: id, messageId: messageId, seq: seq, error: nil)
    }

    public static func refused(_ id: UUID, _ refusal: Refusal) -> CommandReply {
        CommandReply(id: id, messageId: nil, seq: nil, error: refusal)
    }
}

public struct ReplyBatch: Codable, Sendable, Equatable {
    public var replies: [CommandReply]
    public init(replies: [CommandReply]) { self.replies = replies }
}
