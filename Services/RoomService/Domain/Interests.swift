/// What somebody would like to talk about, compared in any letter case.
struct Interests: Sendable, Equatable {
    static let limit = 20
    static let length = 100

    /// Sorted, each once. Never empty: who names no interest shares that with others who name none.
    let keys: [String]

    private static let none = ""

    init(keys: [String]) { self.keys = keys }

    /// - Throws: ``Refusal/invalid(_:)`` with every fault.
    init(_ texts: [String]) throws(Refusal) {
        var faults = Faults()
        if texts.count > Self.limit { faults.add("interests", "must be at most \(Self.limit)") }
        var keys: Set<String> = []
        // Those beyond the limit are not worth a fault each.
        for (place, text) in texts.prefix(Self.limit).enumerated() {
            let line = TextRules.line(text, field: "interests.\(place)", limit: Self.length, faults: &faults)
            if let line { keys.insert(TextRules.key(line)) }
        }
        try faults.check()
        self.init(keys: keys.isEmpty ? [Self.none] : keys.sorted())
    }

    func areShared(with other: Interests) -> Bool { keys.contains { other.keys.contains($0) } }
}
