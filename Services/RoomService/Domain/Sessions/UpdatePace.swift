import Identifiers

/// When to say that a session has changed: at once, and what follows together once the pace allows. Pure: the caller
/// brings the time.
struct UpdatePace {
    static let interval: Duration = .milliseconds(250)

    private var told: [SessionID: ContinuousClock.Instant] = [:]
    private var changed: Set<SessionID> = []

    mutating func change(_ sessions: some Sequence<SessionID>) { changed.formUnion(sessions) }

    /// Those to be told of now, as they are by then.
    mutating func due(at now: ContinuousClock.Instant) -> [SessionID] {
        told = told.filter { now - $0.value < Self.interval }
        let due = changed.filter { told[$0] == nil }
        changed.subtract(due)
        for session in due { told[session] = now }
        return Array(due)
    }

    /// How long until the next is due; `nil` where nothing waits.
    func wait(at now: ContinuousClock.Instant) -> Duration? {
        changed.map { session in told[session].map { max(.zero, Self.interval - (now - $0)) } ?? .zero }.min()
    }
}
