/// How many messages somebody may send in a room, as far as this node knows. Pure.
///
/// Each message is decided here and at once. What was let through is told, a few messages at a time, to the bucket that all
/// nodes and REST share; what is left there is all that is left here. So nobody waits for it, and the limit is exceeded by
/// no more than those few.
struct MessageAllowance: Sendable, Equatable {
    static let lot = 5

    private var bucket: RateBucket
    private var untold = 0
    private var isTelling = false
    /// A new allowance tells at once: its owner may have sent elsewhere, or here before they reconnected.
    private var hasTold = false

    init(_ limit: RateBucket.Limit, now: Int64) { bucket = RateBucket(limit, now: now) }

    /// Takes one; where there is none, says in how many ms there will be one.
    mutating func take(_ limit: RateBucket.Limit, now: Int64) -> Int? {
        let wait = bucket.take(limit, now: now)
        if wait == nil { untold += 1 }
        return wait
    }

    /// How many messages to tell of now; `nil` while there are few, or others are being told of.
    mutating func news() -> Int? {
        guard untold >= (hasTold ? Self.lot : 1), !isTelling else { return nil }
        (isTelling, hasTold) = (true, true)
        defer { untold = 0 }
        return untold
    }

    /// - Parameter left: in the shared bucket; `nil` where it could not be asked.
    mutating func told(left: Int?, _ limit: RateBucket.Limit, now: Int64) {
        isTelling = false
        if let left { bucket.lower(to: max(0, left - untold), limit, now: now) }
    }
}
