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

    /// Takes tokens that somebody else had, as many as there are.
    mutating func lower(by count: Double) { tokens = max(0, tokens - Float(count)) }

    func tokens(_ limit: Limit, now: Int64) -> Double {
        min(limit.burst, Double(tokens) + Double(max(0, now - filledAt)) / 1000 * limit.perSecond)
    }

    /// Takes one token; where there is none, says in how many ms there will be one.
    mutating func take(_ limit: Limit, now: Int64) -> Int? {
        let filled = tokens(limit, now: now)
        filledAt = max(now, filledAt)
        guard filled < 1 else {
            tokens = Float(filled - 1)
            return nil
        }
        tokens = Float(filled)
        return max(1, Int(((1 - filled) / limit.perSecond * 1000).rounded(.up)))
    }
}
