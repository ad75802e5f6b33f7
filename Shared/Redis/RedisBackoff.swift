/// How long to wait before connecting again: at once after a good connection, then doubling up to a limit, spread so
/// that the instances of a service do not all come at the same moment.
struct RedisBackoff: Sendable {
    var first: Duration = .milliseconds(20)
    var limit: Duration = .seconds(2)
    private var attempt = 0

    init() {}

    mutating func reset() { attempt = 0 }

    mutating func next() -> Duration { next(random: .random(in: 0.5...1)) }

    /// - Parameter random: from 0.5 to 1.
    mutating func next(random: Double) -> Duration {
        let full = min(limit, first * (1 << min(attempt, 16)))
        attempt += 1
        return full * random
    }
}
