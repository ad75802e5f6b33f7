internal import Synchronization

/// An instant that many threads lower and one thread clears, read without a lock.
final class AtomicInstant: Sendable {
    /// The maximum stands for never.
    private let nanoseconds = Atomic<Int64>(.max)

    var hasPassed: Bool {
        let value = nanoseconds.load(ordering: .sequentiallyConsistent)
        return value != .max && value <= MonotonicInstant.now.nanoseconds
    }

    func isLater(than instant: MonotonicInstant) -> Bool {
        nanoseconds.load(ordering: .sequentiallyConsistent) > instant.nanoseconds
    }

    func lower(to instant: MonotonicInstant) {
        _ = nanoseconds.min(instant.nanoseconds, ordering: .sequentiallyConsistent)
    }

    func clear() {
        nanoseconds.store(.max, ordering: .sequentiallyConsistent)
    }

    /// What is left, as epoll takes it: -1 for ever, and rounded up, lest the loop spin through the last millisecond.
    func millisecondsLeft() -> Int32 {
        let value = nanoseconds.load(ordering: .sequentiallyConsistent)
        guard value != .max else { return -1 }
        let left = value - MonotonicInstant.now.nanoseconds
        return left <= 0 ? 0 : Int32(clamping: left / 1_000_000 + 1)
    }
}
