public import Identifiers

/// Member JSON (contract, section 3).
public struct MemberView: Codable, Sendable, Equatable {
    public var userId: UserID
    public var displayName: String
    public var role: MemberRole
    public var isMuted: Bool
    @Nullable public var mutedUntil: Timestamp?
    public var joinedAt: Timestamp

    public init(
        userId: UserID, displayName: String, role: MemberRole, isMuted: Bool, mutedUntil: Timestamp?,
        joinedAt: Timestamp
    ) {
        self.userId = userId
        self.displayName = displayName
        self.role = role
        self.isMuted = isMuted
        self.mutedUntil = mutedUntil
        self.joinedAt = joinedAt
    }
}

/// A user who holds a seat in a room right now, with all of their sockets there (contract, section 5).
public struct ParticipantView: Codable, Sendable, Equatable {
    public var userId: UserID
    public var displayName: String
    public var role: MemberRole
    public var connections: [ConnectionID]
    public var joinedAt: Timestamp
    /// By the connection's id.
    public var media: [String: MediaState]

    public init(
        userId: UserID, displayName: String, role: MemberRole, connections: [ConnectionID], joinedAt: Timestamp,
        media: [String: MediaState]
    ) {
        self.userId = userId
        self.displayName = displayName
        self.role = role
        self.connections = connections
        self.joinedAt = joinedAt
        self.media = media
    }
}

/// What a connection says it is sending.
public struct MediaState: Codable, Sendable, Equatable {
    public var audio: Bool
    public var video: Bool
    public var screen: Bool

    public init(audio: Bool = false, video: Bool = false, screen: Bool = false) {
        self.audio = audio
        self.video = video
        self.screen = screen
    }
}
