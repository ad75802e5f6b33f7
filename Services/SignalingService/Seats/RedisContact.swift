import Synchronization

/// Since when this node has had Redis's answers without a break, by the clock of Redis.
///
/// A lease that ended while a node could see that Redis was there for everybody ended because its holder is dead. Where
/// nobody could see that, or the clock of Redis jumped, holders may only have been unable to renew.
final class RedisContact: Sendable {
    /// A longer silence may have been an outage, to this node. Renewals come twice as far apart, so no lease ends by it.
    static let longestSilence: Duration = .seconds(5)
    /// How far the clock of Redis may go from ours between two answers.
    static let tolerance: Duration = .seconds(2)

    private struct Span {
        var since: Int64
        var heard: Int64
        var at: ContinuousClock.Instant
    }

    private let state = Mutex<Span?>(nil)

    /// Redis answered.
    /// - Parameters:
    ///   - clock: its own time, in ms.
    ///   - asked: when the question was sent.
    func heard(_ clock: Int64, asked: ContinuousClock.Instant) {
        state.withLock { span in
            guard let known = span, asked - known.at <= Self.longestSilence,
                ((asked - known.at) - .milliseconds(clock - known.heard)).magnitude <= Self.tolerance
            else { return span = Span(since: clock, heard: clock, at: asked) }
            span = Span(since: known.since, heard: clock, at: asked)
        }
    }

    /// The first and the last answer of the unbroken row, in ms of Redis's clock; zeros where there was none.
    var span: (since: Int64, heard: Int64) { state.withLock { ($0?.since ?? 0, $0?.heard ?? 0) } }
}

extension Duration {
    fileprivate var magnitude: Duration { self < .zero ? .zero - self : self }
}
