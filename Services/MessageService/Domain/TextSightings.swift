import Identifiers

/// What one process saw of repeated texts. Pure.
struct TextSightings {
    struct Key: Hashable {
        var user: UserID
        var text: UInt64

        var redisKey: String { "limit:text:\(user):\(String(text, radix: 16))" }
    }

    /// A sighting that Redis was not told of.
    struct Unreported: Equatable {
        var token: String
        var age: Duration
    }

    enum Step: Equatable {
        case counted
        case known
        case refused(retryAfter: Duration)
        /// Redis is to count this one, and those it was not told of.
        case ask(unreported: [Unreported])
    }

    private struct Sighting {
        var seen: [(token: String, time: ContinuousClock.Instant)] = []
        /// How many of `seen`, from the first, Redis knows.
        var reported = 0
    }

    private let limit: Int
    private let window: Duration
    /// Two generations: what nobody touched for a whole window goes at once, without a search.
    private var recent: [Key: Sighting] = [:]
    private var older: [Key: Sighting] = [:]
    private var turned: ContinuousClock.Instant?

    init(limit: Int, window: Duration) {
        self.limit = limit
        self.window = window
    }

    /// - Parameter token: the same for repeats of one message.
    mutating func take(_ key: Key, _ token: String, now: ContinuousClock.Instant) -> Step {
        turn(now)
        var sighting = recent[key] ?? older[key] ?? Sighting()
        let expired = sighting.seen.prefix { $0.time <= now - window }.count
        sighting.seen.removeFirst(expired)
        sighting.reported = max(0, sighting.reported - expired)
        defer { recent[key] = sighting }
        if sighting.seen.contains(where: { $0.token == token }) { return .known }
        if sighting.seen.count >= limit { return .refused(retryAfter: sighting.seen[0].time + window - now) }
        guard !sighting.seen.isEmpty else {
            sighting.seen.append((token, now))
            return .counted
        }
        let unreported = sighting.seen[sighting.reported...].map { Unreported(token: $0.token, age: now - $0.time) }
        sighting.seen.append((token, now))
        sighting.reported = sighting.seen.count
        return .ask(unreported: unreported)
    }

    /// - Returns: whether Redis knew of it.
    @discardableResult
    mutating func giveBack(_ key: Key, _ token: String) -> Bool {
        guard var sighting = recent[key] ?? older[key],
            let position = sighting.seen.lastIndex(where: { $0.token == token })
        else { return false }
        let wasReported = position < sighting.reported
        sighting.seen.remove(at: position)
        if wasReported { sighting.reported -= 1 }
        recent[key] = sighting
        return wasReported
    }

    private mutating func turn(_ now: ContinuousClock.Instant) {
        guard let turned else { return self.turned = now }
        guard now - turned >= window else { return }
        older = recent
        recent = [:]
        self.turned = now
    }
}
