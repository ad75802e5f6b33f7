/// How far a room's timeline has been seen: what comes twice is dropped, what is missing is noticed.
public struct TimelineCursor: Sendable, Equatable {
    /// The last entry seen, all before it included; nil before the first join.
    public private(set) var lastSeq: Int?

    public enum Verdict: Sendable, Equatable {
        case new
        case duplicate
        /// Entries in between never came: ask for them with `after`.
        case gap
    }

    public init(lastSeq: Int? = nil) {
        self.lastSeq = lastSeq
    }

    public mutating func accept(_ seq: Int) -> Verdict {
        guard let lastSeq else {
            self.lastSeq = seq
            return .new
        }
        if seq <= lastSeq { return .duplicate }
        guard seq == lastSeq + 1 else { return .gap }
        self.lastSeq = seq
        return .new
    }

    /// The `joined` frame's words. Without a recovery the room goes on from its head; what lies between is in the history.
    public mutating func joined(seq: Int, recovered: Bool) {
        if !recovered || lastSeq == nil { lastSeq = seq }
    }
}
