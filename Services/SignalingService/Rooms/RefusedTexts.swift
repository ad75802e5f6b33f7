/// What a sender was just refused because they said it too often, so that a flood of it is answered here. Pure: the
/// caller brings the time, in ms.
///
/// A refusal is remembered for a second at most: the same message sent again under its `clientMessageId` may be one that
/// is stored, and is then to be answered by who knows.
struct RefusedTexts {
    private static let memory: Int64 = 1000
    private static let most = 8

    private var until: [(text: Int, end: Int64)] = []

    mutating func note(_ text: String, retryAfterMs: Int, now: Int64) {
        until.removeAll { $0.end <= now }
        if until.count >= Self.most { until.removeFirst() }
        until.append((text.hashValue, now + min(Int64(retryAfterMs), Self.memory)))
    }

    /// For how many ms the text is refused without asking; nil where it is not.
    func wait(_ text: String, now: Int64) -> Int? {
        guard !until.isEmpty else { return nil }
        let hash = text.hashValue
        return until.last { $0.text == hash && $0.end > now }.map { Int($0.end - now) }
    }
}
