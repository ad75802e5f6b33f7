internal import Identifiers

/// Which way stored events go: straight to the broker, or by the table because older ones are still there. Pure.
///
/// Once one event could not be published, later ones must not overtake it: they stay in the table, where the relay takes them
/// in order. When little is left there, new events are held back for the moment in which the rest leaves; then the way is
/// straight again.
///
/// An event takes its way when it is stored, and is heard of again after its commit, when the way may have changed: what was
/// left to the relay in between is the relay's alone, or it would be published twice.
struct OutboxFlow: Sendable {
    private enum Mode {
        case direct
        case behind
        case catchingUp(held: [StoredEvent])
    }

    private var mode = Mode.direct
    /// Stored, and their commit is not heard of yet.
    private var open: Set<EventID> = []
    /// Those of them that the relay publishes.
    private var left: Set<EventID> = []

    /// More than this, and the table keeps them after all.
    private let heldLimit: Int

    init(heldLimit: Int = 5000) {
        self.heldLimit = heldLimit
    }

    var isDirect: Bool {
        if case .direct = mode { true } else { false }
    }

    /// Events are being stored; returns whether this process will publish them. The relay takes the rest.
    mutating func store(_ events: [EventID]) -> Bool {
        open.formUnion(events)
        guard case .behind = mode else { return true }
        left.formUnion(events)
        return false
    }

    /// Their transaction came to nothing.
    mutating func abort(_ events: [EventID]) {
        open.subtract(events)
        left.subtract(events)
    }

    /// Committed events in order; returns those to be published now.
    mutating func publish(_ events: [StoredEvent]) -> [StoredEvent] {
        for event in events { open.remove(event.id) }
        let events = left.isEmpty ? events : events.filter { left.remove($0.id) == nil }
        switch mode {
        case .direct: return events
        case .behind: return []
        case .catchingUp(var held):
            // Taken out first, lest the array be copied for each event.
            mode = .behind
            held += events
            if held.count <= heldLimit { mode = .catchingUp(held: held) }
            return []
        }
    }

    /// Something was left in the table. What is held back is there too.
    mutating func fallBehind() {
        mode = .behind
    }

    /// To be called before a look at what is left, which must wait for ``isSettled``.
    mutating func beginCatchingUp() {
        if case .behind = mode { mode = .catchingUp(held: []) }
    }

    /// Whether all that was stored for the relay is committed, and can be seen in the table.
    var isSettled: Bool { left.isEmpty }

    /// The relay publishes these, which are committed.
    mutating func leaveToRelay(_ events: Set<EventID>) {
        guard !events.isEmpty else { return }
        left.formUnion(open.intersection(events))
        switch mode {
        case .direct: mode = .behind
        case .behind: break
        case .catchingUp(let held): mode = .catchingUp(held: held.filter { !events.contains($0.id) })
        }
    }

    /// What was left is published; returns what to publish now. Not direct afterwards where too much came meanwhile, or
    /// something failed.
    mutating func endCatchingUp() -> [StoredEvent] {
        guard case .catchingUp(let held) = mode else { return [] }
        mode = .direct
        return held
    }
}
