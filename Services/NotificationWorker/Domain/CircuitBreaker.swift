internal import Identifiers

/// Keeps a target that fails again and again from being asked: after some failures in a row nothing goes out for a
/// while, then one probe does, and its fate decides. Pure: the caller brings the time.
struct CircuitBreaker: Sendable, Equatable {
    enum State: Sendable, Equatable {
        case closed(failures: Int)
        case open(until: Timestamp)
        /// One probe is out; until it is decided, or forgotten at `until`, nothing else goes out.
        case probing(until: Timestamp)
    }

    private(set) var state = State.closed(failures: 0)
    private let threshold: Int
    private let pause: Duration

    /// - Parameters:
    ///   - threshold: failures in a row that open the circuit.
    ///   - pause: how long nothing goes out then, and how long a probe is waited for.
    init(threshold: Int = 5, pause: Duration = .seconds(30)) {
        self.threshold = threshold
        self.pause = pause
    }

    /// Whether something may go out now; the first one after a pause is the probe.
    mutating func admits(at now: Timestamp) -> Bool {
        switch state {
        case .closed: return true
        case .open(let until), .probing(let until):
            guard now >= until else { return false }
            state = .probing(until: now + pause)
            return true
        }
    }

    /// When something may go out again; `nil` for now.
    var opensAgainAt: Timestamp? {
        switch state {
        case .closed: nil
        case .open(let until), .probing(let until): until
        }
    }

    mutating func succeeded() { state = .closed(failures: 0) }

    mutating func failed(at now: Timestamp) {
        switch state {
        case .closed(let failures) where failures + 1 < threshold: state = .closed(failures: failures + 1)
        case .closed, .probing: state = .open(until: now + pause)
        // A call that began before the circuit opened says nothing new.
        case .open: break
        }
    }
}
