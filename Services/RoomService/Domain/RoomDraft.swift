import Events

/// The fields of a room that is to be made, valid together.
struct RoomDraft: Sendable, Equatable {
    var kind: RoomKind
    var type: RoomType
    var name: String?
    var description: String?
    var genre: String?
    var maxParticipants: Int

    /// What came in, before any rule.
    struct Input: Sendable {
        var kind: String?
        var type: String?
        var isPrivate: Bool?
        var name: String?
        var description: String?
        var genre: String?
        var maxParticipants: Int?
    }

    init(
        kind: RoomKind, type: RoomType, name: String?, description: String?, genre: String?, maxParticipants: Int
    ) {
        self.kind = kind
        self.type = type
        self.name = name
        self.description = description
        self.genre = genre
        self.maxParticipants = maxParticipants
    }

    /// - Throws: ``Refusal/planTooSmall(cap:)`` before anything else, then ``Refusal/invalid(_:)`` with every fault.
    init(_ input: Input, plan: String, limits: PlanLimits) throws(Refusal) {
        var faults = Faults()
        let kind = Self.kind(input.kind, faults: &faults)
        // The plan is about rights, and rights are told before faults; of a kind that is none there is no right.
        if let size = input.maxParticipants {
            try limits.check(size, kind: kind, plan: plan, faults: &faults)
        }
        let type = Self.type(input.type, isPrivate: input.isPrivate, faults: &faults) ?? .unlisted
        let name = input.name.flatMap { TextRules.line($0, field: "name", limit: 100, faults: &faults) }
        if input.name == nil, let kind, kind != .meeting {
            faults.add("name", "is required for \(kind.rawValue) rooms")
        }
        let description = input.description.flatMap {
            TextRules.paragraph($0, field: "description", range: 0...500, faults: &faults)
        }
        let genre = input.genre.flatMap { TextRules.line($0, field: "genre", limit: 100, faults: &faults) }
        if input.genre == nil, type == .genre || type == .artist {
            faults.add("genre", "is required for \(type.rawValue) rooms")
        }
        try faults.check()
        let known = kind ?? .meeting
        self.init(
            kind: known, type: type, name: name, description: description, genre: genre,
            maxParticipants: input.maxParticipants ?? limits.defaultSize(known, plan: plan))
    }

    /// `nil` for one that is none.
    private static func kind(_ input: String?, faults: inout Faults) -> RoomKind? {
        guard let input else { return .meeting }
        // Pair rooms are made by pairing only.
        guard let kind = RoomKind(rawValue: input), kind != .pair else {
            faults.add("kind", "must be meeting, chat or listening")
            return nil
        }
        return kind
    }

    /// `nil` when neither field says anything.
    static func type(_ input: String?, isPrivate: Bool?, faults: inout Faults) -> RoomType? {
        guard let input else { return isPrivate == true ? .private : nil }
        guard let type = RoomType(rawValue: input) else {
            faults.add("type", "must be public, unlisted, private, genre or artist")
            return nil
        }
        if let isPrivate, isPrivate != (type == .private) {
            faults.add("isPrivate", "contradicts the type \(type.rawValue)")
        }
        return type
    }
}
