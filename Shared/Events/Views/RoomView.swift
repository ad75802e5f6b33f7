public import Identifiers

/// Room JSON (contract, section 3). As part of a timeline entry it has neither `myRole` nor counts.
public struct RoomView: Codable, Sendable, Equatable {
    public var id: RoomID
    public var roomId: RoomCode
    @Nullable public var name: String?
    @Nullable public var description: String?
    public var kind: RoomKind
    public var type: RoomType
    @Nullable public var genre: String?
    @Nullable public var hostId: UserID?
    public var maxParticipants: Int
    public var isActive: Bool
    public var isPrivate: Bool
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    public var lastActivityAt: Timestamp
    @Nullable public var endedAt: Timestamp?
    @Nullable public var expiresAt: Timestamp?
    public var version: Int64
    /// What depends on the moment and the reader; `nil` leaves all three fields out.
    public var standing: Standing?

    /// The counts of a room and the reader's role in it.
    public struct Standing: Codable, Sendable, Equatable {
        public var memberCount: Int
        /// Seats taken.
        public var participantCount: Int
        @Nullable public var myRole: MemberRole?

        public init(memberCount: Int, participantCount: Int, myRole: MemberRole?) {
            self.memberCount = memberCount
            self.participantCount = participantCount
            self.myRole = myRole
        }
    }

    public init(
        id: RoomID, roomId: RoomCode, name: String?, description: String?, kind: RoomKind, type: RoomType,
        genre: String?, hostId: UserID?, maxParticipants: Int, isActive: Bool, createdAt: Timestamp,
        updatedAt: Timestamp, lastActivityAt: Timestamp, endedAt: Timestamp?, expiresAt: Timestamp?, version: Int64,
        standing: Standing?
    ) {
        self.id = id
        self.roomId = roomId
        self.name = name
        self.description = description
        self.kind = kind
        self.type = type
        self.genre = genre
        self.hostId = hostId
        self.maxParticipants = maxParticipants
        self.isActive = isActive
        self.isPrivate = type == .private
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.lastActivityAt = lastActivityAt
        self.endedAt = endedAt
        self.expiresAt = expiresAt
        self.version = version
        self.standing = standing
    }

    enum CodingKeys: String, CodingKey {
        case id, roomId, name, description, kind, type, genre, hostId, maxParticipants, isActive, isPrivate
        case createdAt, updatedAt, lastActivityAt, endedAt, expiresAt, version
        case memberCount, participantCount, myRole
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let memberCount = try fields.decodeIfPresent(Int.self, forKey: .memberCount)
        self.init(
            id: try fields.decode(RoomID.self, forKey: .id),
            roomId: try fields.decode(RoomCode.self, forKey: .roomId),
            name: try fields.decodeIfPresent(String.self, forKey: .name),
            description: try fields.decodeIfPresent(String.self, forKey: .description),
            kind: try fields.decode(RoomKind.self, forKey: .kind),
            type: try fields.decode(RoomType.self, forKey: .type),
            genre: try fields.decodeIfPresent(String.self, forKey: .genre),
            hostId: try fields.decodeIfPresent(UserID.self, forKey: .hostId),
            maxParticipants: try fields.decode(Int.self, forKey: .maxParticipants),
            isActive: try fields.decode(Bool.self, forKey: .isActive),
            createdAt: try fields.decode(Timestamp.self, forKey: .createdAt),
            updatedAt: try fields.decode(Timestamp.self, forKey: .updatedAt),
            lastActivityAt: try fields.decode(Timestamp.self, forKey: .lastActivityAt),
            endedAt: try fields.decodeIfPresent(Timestamp.self, forKey: .endedAt),
            expiresAt: try fields.decodeIfPresent(Timestamp.self, forKey: .expiresAt),
            version: try fields.decode(Int64.self, forKey: .version),
            standing: try memberCount.map { memberCount in
                Standing(
                    memberCount: memberCount,
                    participantCount: try fields.decodeIfPresent(Int.self, forKey: .participantCount) ?? 0,
                    myRole: try fields.decodeIfPresent(MemberRole.self, forKey: .myRole))
            })
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(id, forKey: .id)
        try fields.encode(roomId, forKey: .roomId)
        try fields.encode(name, forKey: .name)
        try fields.encode(description, forKey: .description)
        try fields.encode(kind, forKey: .kind)
        try fields.encode(type, forKey: .type)
        try fields.encode(genre, forKey: .genre)
        try fields.encode(hostId, forKey: .hostId)
        try fields.encode(maxParticipants, forKey: .maxParticipants)
        try fields.encode(isActive, forKey: .isActive)
        try fields.encode(isPrivate, forKey: .isPrivate)
        if let standing {
            try fields.encode(standing.memberCount, forKey: .memberCount)
            try fields.encode(standing.participantCount, forKey: .participantCount)
            try fields.encode(standing.myRole, forKey: .myRole)
        }
        try fields.encode(createdAt, forKey: .createdAt)
        try fields.encode(updatedAt, forKey: .updatedAt)
        try fields.encode(lastActivityAt, forKey: .lastActivityAt)
        try fields.encode(endedAt, forKey: .endedAt)
        try fields.encode(expiresAt, forKey: .expiresAt)
        try fields.encode(version, forKey: .version)
    }
}

public enum RoomKind: String, Codable, Sendable, CaseIterable {
    case meeting, chat, listening, pair
}

public enum RoomType: String, Codable, Sendable, CaseIterable {
    case `public`, unlisted, `private`, genre, artist

    /// Listed in discovery and open to anybody.
    public var isListed: Bool { self == .public || self == .genre || self == .artist }
}

/// A member's role; higher ranks compare greater.
public enum MemberRole: String, Codable, Sendable, CaseIterable, Comparable {
    case member, moderator, owner

    private var rank: Int {
        switch self {
        case .member: 0
        case .moderator: 1
        case .owner: 2
        }
    }

    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}
