import Identifiers

/// When to say that a room has news: the first at once, what follows together once the pace allows. Pure: the caller
/// brings the time.
struct UnreadPace {
    /// "At most once a second", as the client sees it: a little more is left for the way there.
    static let interval: Duration = .milliseconds(1_100)

    private var told: [RoomCode: ContinuousClock.Instant] = [:]
    private var news: [RoomCode: Int64] = [:]

    /// True where it is to be told at once.
    mutating func hear(_ seq: Int64, in code: RoomCode, at now: ContinuousClock.Instant) -> Bool {
        if let last = told[code], now - last < Self.interval {
            news[code] = max(seq, news[code] ?? 0)
            return false
        }
        told[code] = now
        news[code] = nil
        return true
    }

    /// What is to be told now of what waited; forgets rooms that have been silent.
    mutating func due(at now: ContinuousClock.Instant) -> [(code: RoomCode, seq: Int64)] {
        guard !told.isEmpty else { return [] }
        let ready = told.filter { now - $0.value >= Self.interval }.keys
        var due: [(code: RoomCode, seq: Int64)] = []
        for code in ready {
            guard let seq = news.removeValue(forKey: code) else {
                told[code] = nil
                continue
            }
            told[code] = now
            due.append((code, seq))
        }
        return due
    }
}
