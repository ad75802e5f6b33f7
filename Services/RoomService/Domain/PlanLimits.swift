import Events

/// How many may sit in a room at one time, by kind and by the owner's plan.
struct PlanLimits: Sendable, Equatable {
    /// Caps meetings; a plan that is not named here counts as `free`.
    var meetingCaps: [String: Int] = ["free": 4, "pro": 10, "business": 50]
    /// Caps chat and listening rooms, whatever the plan.
    var limit = 10_000
    var defaults: [RoomKind: Int] = [.meeting: 4, .pair: 2, .chat: 1000, .listening: 1000]

    func cap(_ kind: RoomKind, plan: String) -> Int {
        switch kind {
        case .meeting: meetingCaps[plan] ?? meetingCaps["free"] ?? 4
        case .pair: 2
        case .chat, .listening: limit
        }
    }

    func defaultSize(_ kind: RoomKind, plan: String) -> Int {
        min(defaults[kind] ?? 2, cap(kind, plan: plan))
    }

    /// - Parameter kind: `nil` where it is not known: then only what fits no kind is a fault.
    /// - Throws: ``Refusal/planTooSmall(cap:)`` above what the plan of a meeting's owner allows; a size that no plan
    ///   makes possible is a fault of the field instead.
    func check(_ size: Int, kind: RoomKind?, plan: String, faults: inout Faults) throws(Refusal) {
        let cap = kind.map { self.cap($0, plan: plan) } ?? limit
        if size > cap, kind == .meeting { throw .planTooSmall(cap: cap) }
        if !(2...cap).contains(size) { faults.add("maxParticipants", "must be 2 to \(cap)") }
    }

    /// Reads `free:4,pro:10`; `nil` for anything else.
    static func readCaps(_ text: String) -> [String: Int]? {
        var caps: [String: Int] = [:]
        for part in text.split(separator: ",") {
            let pair = part.split(separator: ":", omittingEmptySubsequences: false)
            guard pair.count == 2, let cap = Int(TextRules.trim(String(pair[1]))), cap >= 2 else { return nil }
            guard caps.updateValue(cap, forKey: TextRules.trim(String(pair[0]))) == nil else { return nil }
        }
        return caps.isEmpty ? nil : caps
    }
}
