public import Identifiers

/// One entry of a room's timeline: an item of `/timeline` and a frame of the socket (contract, section 4).
public struct TimelineEntry: Sendable, Equatable {
    /// Dense in its room, from 1.
    public var seq: Int64
    public var at: Timestamp
    /// Who did it; `nil` is the system.
    public var userId: UserID?
    public var body: TimelineBody

    public init(seq: Int64, at: Timestamp, userId: UserID?, body: TimelineBody) {
        self.seq = seq
        self.at = at
        self.userId = userId
        self.body = body
    }
}

/// A fact of the room service before it becomes an entry: the same object with its own dense number.
public struct RoomFact: Sendable, Equatable {
    /// Dense in its room, from 1 (the creator's `member_joined`), in the order of the commits.
    public var fact: Int64
    public var at: Timestamp
    public var userId: UserID?
    public var body: TimelineBody

    public init(fact: Int64, at: Timestamp, userId: UserID?, body: TimelineBody) {
        self.fact = fact
        self.at = at
        self.userId = userId
        self.body = body
    }
}

private enum HeadField: String, CodingKey {
    case type, seq, fact, at, userId
}

extension TimelineEntry: Codable {
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: HeadField.self)
        self.init(
            seq: try fields.decode(Int64.self, forKey: .seq),
            at: try fields.decode(Timestamp.self, forKey: .at),
            userId: try fields.decodeIfPresent(UserID.self, forKey: .userId),
            body: try TimelineBody(from: decoder))
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: HeadField.self)
        try fields.encode(body.type, forKey: .type)
        try fields.encode(seq, forKey: .seq)
        try fields.encode(at, forKey: .at)
        try fields.encode(userId, forKey: .userId)
        try body.encode(to: encoder)
    }
}

extension RoomFact: Codable {
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: HeadField.self)
        self.init(
            fact: try fields.decode(Int64.self, forKey: .fact),
            at: try fields.decode(Timestamp.self, forKey: .at),
            userId: try fields.decodeIfPresent(UserID.self, forKey: .userId),
            body: try TimelineBody(from: decoder))
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: HeadField.self)
        try fields.encode(body.type, forKey: .type)
        try fields.encode(fact, forKey: .fact)
        try fields.encode(at, forKey: .at)
        try fields.encode(userId, forKey: .userId)
        try body.encode(to: encoder)
    }
}
