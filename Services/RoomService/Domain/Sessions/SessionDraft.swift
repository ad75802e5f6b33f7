import Events
import Identifiers

/// The fields of a session that is to begin, valid together.
struct SessionDraft: Sendable, Equatable {
    var genre: String
    var name: String?
    var isPrivate: Bool
    var tags: [String]
    var initialTrack: TrackRef?

    static let tagLimit = 10

    /// What came in, before any rule.
    struct Input: Sendable {
        var genre: String?
        var name: String?
        var isPrivate: Bool?
        var tags: [String]?
        var initialTrack: TrackRef?
    }

    /// - Throws: ``Refusal/invalid(_:)`` with every fault.
    init(_ input: Input) throws(Refusal) {
        var faults = Faults()
        if input.genre == nil { faults.add("genre", "is required") }
        let genre = input.genre.flatMap { TextRules.line($0, field: "genre", limit: 100, faults: &faults) }
        name = input.name.flatMap { TextRules.line($0, field: "sessionName", limit: 100, faults: &faults) }
        tags = Self.tags(input.tags ?? [], faults: &faults)
        if let track = input.initialTrack { QueueLimits.check(track, field: "initialTrack", faults: &faults) }
        try faults.check()
        self.genre = genre ?? ""
        isPrivate = input.isPrivate ?? false
        initialTrack = input.initialTrack
    }

    /// Each once, whatever its letter case.
    private static func tags(_ input: [String], faults: inout Faults) -> [String] {
        guard input.count <= tagLimit else {
            faults.add("tags", "must be at most \(tagLimit)")
            return []
        }
        var known: Set<String> = []
        var tags: [String] = []
        for (index, text) in input.enumerated() {
            guard let tag = TextRules.line(text, field: "tags.\(index)", limit: 50, faults: &faults) else { continue }
            if known.insert(TextRules.key(tag)).inserted { tags.append(tag) }
        }
        return tags
    }

    /// The listening room that is made for it where none was named.
    func room(limits: PlanLimits, plan: String) -> RoomDraft {
        RoomDraft(
            kind: .listening, type: isPrivate ? .private : .genre, name: name ?? genre, description: nil, genre: genre,
            maxParticipants: limits.defaultSize(.listening, plan: plan))
    }
}
