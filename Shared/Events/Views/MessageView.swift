public import Identifiers

/// Message JSON (contract, section 4). As part of a timeline entry it has neither `reactions` nor `replyCount`.
public struct MessageView: Codable, Sendable, Equatable {
    public var id: MessageID
    public var roomId: RoomCode
    /// That of the message's `message_created`.
    public var seq: Int64
    public var userId: UserID
    public var type: MessageType
    /// `nil` in a tombstone.
    @Nullable public var content: String?
    @Nullable public var trackRef: TrackRef?
    @Nullable public var parentId: MessageID?
    @Nullable public var clientMessageId: String?
    public var replyCount: Int?
    public var reactions: [ReactionCount]?
    public var createdAt: Timestamp
    @Nullable public var editedAt: Timestamp?
    @Nullable public var deletedAt: Timestamp?

    public init(
        id: MessageID, roomId: RoomCode, seq: Int64, userId: UserID, type: MessageType, content: String?,
        trackRef: TrackRef?, parentId: MessageID?, clientMessageId: String?, replyCount: Int? = nil,
        reactions: [ReactionCount]? = nil, createdAt: Timestamp, editedAt: Timestamp?, deletedAt: Timestamp?
    ) {
        self.id = id
        self.roomId = roomId
        self.seq = seq
        self.userId = userId
        self.type = type
        self.content = content
        self.trackRef = trackRef
        self.parentId = parentId
        self.clientMessageId = clientMessageId
        self.replyCount = replyCount
        self.reactions = reactions
        self.createdAt = createdAt
        self.editedAt = editedAt
        self.deletedAt = deletedAt
    }
}

public enum MessageType: String, Codable, Sendable, CaseIterable {
    case text, system, reply
    case trackCard = "track_card"
}

public struct ReactionCount: Codable, Sendable, Equatable {
    public var emoji: String
    public var count: Int
    /// Whether the reader is among them.
    public var me: Bool

    public init(emoji: String, count: Int, me: Bool) {
        self.emoji = emoji
        self.count = count
        self.me = me
    }
}

/// A track as its provider knows it.
public struct TrackRef: Codable, Sendable, Hashable {
    public var provider: String
    public var id: String
    public var title: String
    public var artist: String?
    public var durationMs: Int?
    public var artworkUrl: String?
    public var url: String?

    public init(
        provider: String, id: String, title: String, artist: String? = nil, durationMs: Int? = nil,
        artworkUrl: String? = nil, url: String? = nil
    ) {
        self.provider = provider
        self.id = id
        self.title = title
        self.artist = artist
        self.durationMs = durationMs
        self.artworkUrl = artworkUrl
        self.url = url
    }
}
