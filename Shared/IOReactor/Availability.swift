import Synchronization

/// Whether something is there, for many to watch: each watcher sees the present state first, then changes.
package final class Availability: Sendable {
    private struct Watchers {
        var isFinished = false
        var continuations: [Int: AsyncStream<Bool>.Continuation] = [:]
        var last = 0
    }

    /// What watchers were told last: written under `telling` alone, so that they hear changes in their order.
    ///
    /// To tell somebody waits for who is just cancelling them, and who is cancelled is taken off the list first: so the list
    /// has a lock of its own, and `update` is not to be called under one that a cancelled task might want.
    private let told = Atomic(false)
    private let telling = Mutex(())
    private let watchers = Mutex(Watchers())

    package init() {}

    package var isAvailable: Bool { told.load(ordering: .acquiring) }

    package func set(_ isAvailable: Bool) { update { isAvailable } }

    /// - Parameter state: how things are; asked once its turn to be told has come.
    package func update(_ state: () -> Bool) {
        telling.withLock { _ in
            let isAvailable = state()
            guard self.isAvailable != isAvailable else { return }
            told.store(isAvailable, ordering: .releasing)
            for watcher in watchers.withLock({ Array($0.continuations.values) }) { watcher.yield(isAvailable) }
        }
    }

    /// Ends all streams. Whoever watches from now on sees nothing.
    package func finish() {
        let ended = watchers.withLock { watchers in
            watchers.isFinished = true
            defer { watchers.continuations = [:] }
            return Array(watchers.continuations.values)
        }
        for watcher in ended { watcher.finish() }
    }

    /// - Parameter policy: what a slow watcher misses.
    package func watch(
        _ policy: AsyncStream<Bool>.Continuation.BufferingPolicy = .bufferingNewest(1)
    ) -> AsyncStream<Bool> {
        AsyncStream(bufferingPolicy: policy) { continuation in
            telling.withLock { _ in
                let id = watchers.withLock { watchers -> Int? in
                    guard !watchers.isFinished else { return nil }
                    watchers.last += 1
                    watchers.continuations[watchers.last] = continuation
                    return watchers.last
                }
                guard let id else { return continuation.finish() }
                continuation.yield(isAvailable)
                continuation.onTermination = { [self] _ in
                    watchers.withLock { _ = $0.continuations.removeValue(forKey: id) }
                }
            }
        }
    }
}
