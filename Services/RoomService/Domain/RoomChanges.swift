import Events

/// What an update may say of a field that can be empty.
enum FieldChange<Value: Sendable & Equatable>: Sendable, Equatable {
    case keep
    case clear
    case set(Value)
}

/// An update of a room's fields, before any rule.
struct RoomChanges: Sendable {
    var name: FieldChange<String> = .keep
    var description: FieldChange<String> = .keep
    var genre: FieldChange<String> = .keep
    var type: String?
    var isPrivate: Bool?
    var maxParticipants: Int?

    /// The room with the changes in it; equal to `room` when they change nothing.
    ///
    /// - Throws: ``Refusal/planTooSmall(cap:)`` before anything else, then ``Refusal/invalid(_:)`` with every fault.
    func applied(to room: Room, plan: String, limits: PlanLimits) throws(Refusal) -> Room {
        var faults = Faults()
        var result = room
        // What the room already has was allowed once, and stays so when a plan gets smaller.
        if let size = maxParticipants, size != room.maxParticipants {
            try limits.check(size, kind: room.kind, plan: plan, faults: &faults)
            result.maxParticipants = size
        }
        if let type = RoomDraft.type(type, isPrivate: isPrivate, faults: &faults) {
            result.type = type
        } else if isPrivate == false, room.type == .private {
            result.type = .unlisted
        }
        switch name {
        case .keep: break
        case .clear:
            if room.kind == .chat || room.kind == .listening {
                faults.add("name", "is required for \(room.kind.rawValue) rooms")
            }
            result.name = nil
        case .set(let text): result.name = TextRules.line(text, field: "name", limit: 100, faults: &faults)
        }
        switch description {
        case .keep: break
        case .clear: result.description = nil
        case .set(let text):
            result.description = TextRules.paragraph(text, field: "description", range: 0...500, faults: &faults)
        }
        switch genre {
        case .keep: break
        case .clear: result.genre = nil
        case .set(let text): result.genre = TextRules.line(text, field: "genre", limit: 100, faults: &faults)
        }
        if faults.all.isEmpty, result.type == .genre || result.type == .artist, result.genre == nil {
            faults.add("genre", "is required for \(result.type.rawValue) rooms")
        }
        try faults.check()
        return result
    }
}
