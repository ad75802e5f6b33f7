internal import Identifiers

/// Which way committed events go: straight to the broker, or by the table because older ones are still there. Pure.
///
/// Once one event could not be published, later ones must not overtake it: they stay in the table, where the relay takes them
/// in order. When little is left there, new events are held back for the moment in which the rest leaves; then the way is
/// straight again.
struct OutboxFlow: Sendable {
    private enum Mode {
        case direct
        case behind
        /// `relayed`: stored since the look began, and left to the relay by it.
        case catchingUp(held: [StoredEvent], relayed: Set<EventID>)
    }

    private var mode = Mode.direct

    /// More than this, and the table keeps them after all.
    private let heldLimit: Int

    init(heldLimit: Int = 5000) {
        self.heldLimit = heldLimit
    }

    var isDirect: Bool {
        if case .direct = mode { true } else { false }
    }

    /// Whether what is stored now will be published by this process; the relay takes the rest.
    var isOwner: Bool {
        if case .behind = mode { false } else { true }
    }

    /// Committed events in order; returns those to be published now.
    mutating func publish(_ events: [StoredEvent]) -> [StoredEvent] {
        switch mode {
        case .direct: return events
        case .behind: return []
        case .catchingUp(var held, let relayed):
            // Taken out first, lest the array be copied for each event.
            mode = .behind
            held += relayed.isEmpty ? events : events.filter { !relayed.contains($0.id) }
            if held.count <= heldLimit { mode = .catchingUp(held: held, relayed: relayed) }
            return []
        }
    }

    /// Something was left in the table. What is held back is there too.
    mutating func fallBehind() {
        mode = .behind
    }

    /// To be called before a look at what is left.
    mutating func beginCatchingUp() {
        if case .behind = mode { mode = .catchingUp(held: [], relayed: []) }
    }

    /// The relay publishes these: they are not held, or they would be published twice.
    mutating func leaveToRelay(_ events: Set<EventID>) {
        guard case .catchingUp(let held, let relayed) = mode, !events.isEmpty else { return }
        mode = .catchingUp(held: held.filter { !events.contains($0.id) }, relayed: relayed.union(events))
    }

    /// What was left is published; returns what to publish now. Not direct afterwards where too much came meanwhile, or
    /// something failed.
    mutating func endCatchingUp() -> [StoredEvent] {
        guard case .catchingUp(let held, _) = mode else { return [] }
        mode = .direct
        return held
    }
}
