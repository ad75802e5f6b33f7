/// A token bucket. Pure: the caller brings the time, in ms of any clock that does not go back.
struct RateBucket: Sendable, Equatable {
    struct Limit: Sendable, Equatable {
        /// Tokens that come back in a second.
        var perSecond: Double
        var burst: Double
    }

    private var tokens: Float
    private var filledAt: Int64

    init(_ limit: Limit, now: Int64) {
        tokens = Float(limit.burst)
        filledAt = now
    }

    /// Leaves at most so many tokens.
    mutating func lower(to most: Int, _ limit: Limit, now: Int64) {
        let filled = min(limit.burst, Double(tokens) + Double(max(0, now - filledAt)) / 1000 * limit.perSecond)
        filledAt = max(now, filledAt)
        tokens = Float(min(filled, Double(most)))
    }

    /// Takes one token; where there is none, says in how many ms there will be one.
    mutating func take(_ limit: Limit, now: Int64) -> Int? {
        let elapsed = Double(max(0, now - filledAt)) / 1000
        let filled = min(limit.burst, Double(tokens) + elapsed * limit.perSecond)
        filledAt = max(now, filledAt)
        guard filled < 1 else {
            tokens = Float(filled - 1)
            return nil
        }
        tokens = Float(filled)
        return max(1, Int(((1 - filled) / limit.perSecond * 1000).rounded(.up)))
    }
}
