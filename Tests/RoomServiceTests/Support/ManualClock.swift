import Identifiers
import Synchronization

/// A clock that tests move; it begins at the real time.
final class ManualClock: Sendable {
    private let time = Mutex(Timestamp.now())

    var now: Timestamp { time.withLock { $0 } }
    var source: TimeSource { TimeSource { [self] in now } }

    func advance(by duration: Duration) { time.withLock { $0 = $0 + duration } }
}
