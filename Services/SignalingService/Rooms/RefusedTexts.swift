/// What a sender was just refused because they said it too often, so that a flood of it is answered here. Pure: the
/// caller brings the time, in ms.
///
/// For messages without a `clientMessageId` alone: one that has it may be stored already, and is then to be answered by who
/// knows.
struct RefusedTexts {
    private static let most = 8

    private var until: [(text: Int, end: Int64)] = []

    mutating func note(_ text: String, retryAfterMs: Int, now: Int64) {
        until.removeAll { $0.end <= now }
        if until.count >= Self.most { until.removeFirst() }
        until.append((text.hashValue, now + Int64(retryAfterMs)))
    }

    /// For how many ms the text is refused without asking; nil where it is not.
    func wait(_ text: String, now: Int64) -> Int? {
        guard !until.isEmpty else { return nil }
        let hash = text.hashValue
        return until.last { $0.text == hash && $0.end > now }.map { Int($0.end - now) }
    }
}
