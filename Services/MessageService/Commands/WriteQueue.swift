import Identifiers
import Synchronization

/// Gives those who write what there is to be written, and lets them sleep when there is nothing.
final class WriteQueue: Sendable {
    /// Messages of one room that came together.
    struct Messages: Sendable {
        let messages: [PendingMessage]
        let reply: @Sendable (Result<ArraySlice<StoreOutcome>, any Error>) -> Void
    }

    typealias Change = @Sendable () async -> Void
    private typealias Sleeper = CheckedContinuation<Void, Never>

    private struct State: Sendable {
        var lines = RoomLines<Messages, Change>()
        var isClosed = false
        var batchWriters: [Sleeper] = []
        var changers: [Sleeper] = []

        var isOver: Bool { isClosed && lines.waiting == 0 }

        /// Those who have something to do now.
        mutating func awoken() -> [Sleeper] {
            defer { if isOver { (batchWriters, changers) = ([], []) } }
            if isOver { return batchWriters + changers }
            // One takes all the messages that a commit can take; should something be left, it wakes the next.
            var awoken = lines.hasMessages ? [batchWriters.popLast()].compactMap(\.self) : []
            for _ in 0..<min(lines.changes, changers.count) { awoken.append(changers.removeLast()) }
            return awoken
        }
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: messages and changes that may wait.
    init(capacity: Int) { self.capacity = capacity }

    var depth: Int { state.withLock(\.lines.waiting) }

    // MARK: - Those who bring

    /// - Throws: ``Refusal/unavailable`` when the service stops or too much waits.
    func submit(_ works: [(room: RoomID, messages: Messages)]) throws(Refusal) {
        try accept { lines in
            for (room, messages) in works { lines.append(messages, count: messages.messages.count, to: room) }
        }
    }

    /// - Throws: ``Refusal/unavailable`` when the service stops or too much waits.
    func submit(_ room: RoomID, _ change: @escaping Change) throws(Refusal) {
        try accept { $0.append(change, to: room) }
    }

    /// Takes nothing new; what waits is still handed out.
    func close() { update { $0.isClosed = true } }

    private func accept(_ append: (inout RoomLines<Messages, Change>) -> Void) throws(Refusal) {
        let isAccepted = update { state in
            guard !state.isClosed, state.lines.waiting < capacity else { return false }
            append(&state.lines)
            return true
        }
        guard isAccepted else { throw .unavailable }
    }

    // MARK: - Those who write

    /// What one commit takes. The rooms are the caller's until it says ``finish(_:)``. Nil once closed and empty.
    func nextBatch(limit: Int) async -> (rooms: [RoomID], messages: [Messages])? {
        await next(sleeping: { $0.batchWriters.append($1) }) { state in
            let batch = state.lines.takeMessages(limit: limit)
            return batch.rooms.isEmpty ? nil : batch
        }
    }

    /// The change that waits longest. Its room is the caller's until it says ``finish(_:)``. Nil once closed and empty.
    func nextChange() async -> (room: RoomID, change: Change)? {
        await next(sleeping: { $0.changers.append($1) }) { $0.lines.takeChange() }
    }

    /// What is next in these rooms may begin.
    func finish(_ rooms: [RoomID]) {
        update { state in for room in rooms { state.lines.free(room) } }
    }

    private func next<Taken>(
        sleeping sleep: (inout State, Sleeper) -> Void, _ take: (inout State) -> Taken?
    ) async -> Taken? {
        while true {
            let (taken, isOver) = update { state in (take(&state), state.isOver) }
            if taken != nil || isOver { return taken }
            await withCheckedContinuation { sleeper in update { sleep(&$0, sleeper) } }
        }
    }

    @discardableResult
    private func update<R>(_ change: (inout State) -> R) -> R {
        let (result, awoken) = state.withLock { state in
            let result = change(&state)
            return (result, state.awoken())
        }
        for sleeper in awoken { sleeper.resume() }
        return result
    }
}
