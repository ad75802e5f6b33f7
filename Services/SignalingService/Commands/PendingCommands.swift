import DequeModule
import Events
import Foundation

/// Commands that wait for their reply, in the order of their deadlines. Pure: the caller brings the time.
struct PendingCommands {
    typealias Completion = @Sendable (CommandReply) -> Void

    struct Entry {
        var command: MessageCommand
        var since: ContinuousClock.Instant
        var completion: Completion
    }

    private var entries: [UUID: Entry] = [:]
    /// Oldest first; answered ones are skipped when they come up.
    private var order = Deque<(id: UUID, since: ContinuousClock.Instant)>()
    private var unrepeated = Deque<(id: UUID, since: ContinuousClock.Instant)>()

    var count: Int { entries.count }

    mutating func add(_ command: MessageCommand, at now: ContinuousClock.Instant, _ completion: @escaping Completion) {
        entries[command.id] = Entry(command: command, since: now, completion: completion)
        order.append((command.id, now))
        unrepeated.append((command.id, now))
    }

    func isWaiting(_ id: UUID) -> Bool { entries[id] != nil }

    mutating func answer(_ id: UUID) -> Entry? { entries.removeValue(forKey: id) }

    /// Commands unanswered for `age`, once each: their message was lost, or its answer.
    mutating func overdue(_ age: Duration, at now: ContinuousClock.Instant) -> [MessageCommand] {
        var overdue: [MessageCommand] = []
        while let first = unrepeated.first, now - first.since >= age {
            unrepeated.removeFirst()
            if let entry = entries[first.id] { overdue.append(entry.command) }
        }
        return overdue
    }

    /// Takes out what nobody answered within `age`.
    mutating func expired(_ age: Duration, at now: ContinuousClock.Instant) -> [Entry] {
        var expired: [Entry] = []
        while let first = order.first, now - first.since >= age {
            order.removeFirst()
            if let entry = entries.removeValue(forKey: first.id) { expired.append(entry) }
        }
        return expired
    }
}
