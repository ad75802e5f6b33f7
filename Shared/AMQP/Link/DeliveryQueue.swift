internal import DequeModule
internal import Synchronization

/// What has arrived and no handler has taken, and the handlers that wait for something to arrive.
final class DeliveryQueue: Sendable {
    /// A delivery can be settled only on the wire it came by.
    struct Item: Sendable {
        let delivery: AMQPDelivery
        let wire: Wire
    }

    private struct State {
        var items: Deque<Item> = []
        var takers: [(limit: Int, continuation: CheckedContinuation<[Item], Never>)] = []
        var isFinished = false

        mutating func first(_ limit: Int) -> [Item] {
            let count = min(limit, items.count)
            defer { items.removeFirst(count) }
            return Array(items.prefix(count))
        }
    }

    private let state = Mutex(State())

    func put(_ items: [Item]) {
        let served = state.withLock { state in
            state.items.append(contentsOf: items)
            var served: [(CheckedContinuation<[Item], Never>, [Item])] = []
            // The taker that waited least is the one whose memory is still warm.
            while !state.items.isEmpty, let taker = state.takers.popLast() {
                served.append((taker.continuation, state.first(taker.limit)))
            }
            return served
        }
        for (taker, items) in served { taker.resume(returning: items) }
    }

    /// At least one and at most `limit`, in order of arrival; none when finished.
    func take(limit: Int) async -> [Item] {
        await withCheckedContinuation { continuation in
            let items = state.withLock { state -> [Item]? in
                if state.isFinished { return [] }
                guard !state.items.isEmpty else {
                    state.takers.append((limit, continuation))
                    return nil
                }
                return state.first(limit)
            }
            if let items { continuation.resume(returning: items) }
        }
    }

    /// Forgets what no handler has taken: its connection is gone, and the broker delivers it again.
    func clear() {
        state.withLock { $0.items = [] }
    }

    /// No handler gets anything from now on.
    func finish() {
        let takers = state.withLock { state in
            state.isFinished = true
            state.items = []
            defer { state.takers = [] }
            return state.takers
        }
        for taker in takers { taker.continuation.resume(returning: []) }
    }
}
