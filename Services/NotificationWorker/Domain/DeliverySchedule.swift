internal import Identifiers

/// When something that failed for now is tried again: after 1 s, 10 s, 1 min, 10 min, then every 10 min, until too
/// much time has passed since it began.
struct DeliverySchedule: Sendable, Equatable {
    var steps: [Duration]
    /// From the beginning to the moment after which nothing is tried any more.
    var giveUpAfter: Duration
    /// A wait is longer than its step by up to this part of it, so that many that failed together spread out.
    var jitter: Double

    init(
        steps: [Duration] = [.seconds(1), .seconds(10), .seconds(60), .seconds(600)],
        giveUpAfter: Duration = .seconds(24 * 3600), jitter: Double = 0.2
    ) {
        self.steps = steps
        self.giveUpAfter = giveUpAfter
        self.jitter = jitter
    }

    /// The moment of the next attempt, or `nil` to give up.
    /// - Parameters:
    ///   - attempts: made so far, at least one.
    ///   - spread: 0…1, drawn by the caller.
    func next(afterAttempts attempts: Int, begunAt: Timestamp, now: Timestamp, spread: Double) -> Timestamp? {
        let step = steps[min(max(attempts, 1), steps.count) - 1]
        let next = now + step * (1 + jitter * min(max(spread, 0), 1))
        return next > begunAt + giveUpAfter ? nil : next
    }
}
