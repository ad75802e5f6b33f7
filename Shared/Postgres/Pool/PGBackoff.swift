/// The pause between attempts that fail: doubled each time up to a maximum, with jitter so that clients do not return
/// in step.
struct PGBackoff: Sendable {
    var minimum: Duration
    var maximum: Duration

    /// - Parameters:
    ///   - failures: how many attempts have failed in a row, at least 1.
    ///   - jitter: a random number in 0..<1; the pause lies between half and the whole of its step.
    func pause(after failures: Int, jitter: Double) -> Duration {
        let step = min(maximum, minimum * (1 << min(failures - 1, 20)))
        return step / 2 + step / 2 * jitter
    }
}
