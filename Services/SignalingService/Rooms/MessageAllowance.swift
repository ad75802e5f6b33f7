/// How many messages somebody may send in a room, as far as this node knows. Pure.
///
/// Each message is decided here and at once. What was let through is told, a few messages at a time, to the bucket that all
/// nodes and REST share; what others took there is taken here too. So nobody waits for it, and the limit is exceeded by no
/// more than those few.
struct MessageAllowance: Sendable, Equatable {
    /// Messages that may be untold: a sixth of what may come at once.
    private static func lot(_ limit: RateBucket.Limit) -> Int { max(1, Int(limit.burst / 6)) }

    /// Messages that were let through, and since when.
    struct News: Sendable, Equatable {
        var count: Int
        var span: Duration
    }

    private var bucket: RateBucket
    private var untold = 0
    private var untoldSince: Int64 = 0
    /// What was left here when others were told, while they are being told.
    private var expected: Double?
    /// A new allowance tells at once: its owner may have sent elsewhere, or here before they reconnected.
    private var hasTold = false

    init(_ limit: RateBucket.Limit, now: Int64) { bucket = RateBucket(limit, now: now) }

    /// Takes one; where there is none, says in how many ms there will be one.
    mutating func take(_ limit: RateBucket.Limit, now: Int64) -> Int? {
        if let wait = bucket.take(limit, now: now) { return wait }
        if untold == 0 { untoldSince = now }
        untold += 1
        return nil
    }

    /// What to tell of now; `nil` while it is little, or others are being told.
    mutating func news(_ limit: RateBucket.Limit, now: Int64) -> News? {
        guard untold >= (hasTold ? Self.lot(limit) : 1), expected == nil else { return nil }
        (expected, hasTold) = (bucket.tokens(limit, now: now), true)
        defer { untold = 0 }
        return News(count: untold, span: .milliseconds(max(0, now - untoldSince)))
    }

    /// - Parameter left: in the shared bucket; `nil` where it could not be asked.
    mutating func told(left: Double?) {
        // What was taken or came back here while the answer was under way is no difference between the two.
        if let left, let expected { bucket.lower(by: max(0, expected - left)) }
        expected = nil
    }
}
