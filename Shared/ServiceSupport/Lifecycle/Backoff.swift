/// How long to wait before the next attempt: doubling from `first` to `limit`, each drawn between half and all of it,
/// so that many who failed together do not come back together.
public struct Backoff: Sendable {
    public let first: Duration
    public let limit: Duration
    private var attempts = 0

    public init(first: Duration = .milliseconds(100), limit: Duration = .seconds(5)) {
        self.first = first
        self.limit = limit
    }

    /// The wait before the next attempt; each call counts as one attempt.
    public mutating func next() -> Duration {
        let full = min(limit, first * (1 << min(attempts, 20)))
        attempts += 1
        return full * Double.random(in: 0.5...1)
    }

    /// To be called after a success.
    public mutating func reset() { attempts = 0 }
}
