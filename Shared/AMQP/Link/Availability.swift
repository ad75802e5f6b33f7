internal import Synchronization

/// A state that many can watch. Each watcher sees the present state first, then changes; one that is slow sees the latest.
final class Availability: Sendable {
    private struct State {
        var isAvailable = false
        var isFinished = false
        var watchers: [Int: AsyncStream<Bool>.Continuation] = [:]
        var last = 0
    }

    private let state = Mutex(State())

    var isAvailable: Bool { state.withLock(\.isAvailable) }

    func set(_ isAvailable: Bool) {
        state.withLock { state in
            guard state.isAvailable != isAvailable else { return }
            state.isAvailable = isAvailable
            for watcher in state.watchers.values { watcher.yield(isAvailable) }
        }
    }

    func finish() {
        let watchers = state.withLock { state in
            state.isFinished = true
            defer { state.watchers = [:] }
            return state.watchers.values.map(\.self)
        }
        for watcher in watchers { watcher.finish() }
    }

    func watch() -> AsyncStream<Bool> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let id = state.withLock { state -> Int? in
                guard !state.isFinished else { return nil }
                state.last += 1
                continuation.yield(state.isAvailable)
                state.watchers[state.last] = continuation
                return state.last
            }
            guard let id else { return continuation.finish() }
            continuation.onTermination = { [self] _ in state.withLock { $0.watchers[id] = nil } }
        }
    }
}
