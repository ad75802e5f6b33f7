internal import IOReactor
internal import Synchronization

/// Acknowledges the deliveries of one consumer a little later, many with one frame: the broker does as much for an
/// acknowledgement as for a small message.
///
/// What is acknowledged late comes again if the connection is lost meanwhile, as what was being handled does anyway.
final class AckGatherer: Sendable {
    /// How long an acknowledgement may wait for others.
    static let patience = Duration.milliseconds(10)

    private struct State {
        var wire: Wire?
        var lastTag: UInt64 = 0
        var count = 0
        var isTimed = false
    }

    private let reactor: Reactor
    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: deliveries after which nothing waits, well below what the broker sends ahead.
    init(on reactor: Reactor, limit: Int) {
        self.reactor = reactor
        self.limit = limit
    }

    /// Takes `count` deliveries up to `tag` as handled, after all that came before them.
    func handled(_ count: Int, upTo tag: UInt64, on wire: Wire, as settlement: AMQPSettlement) {
        guard settlement == .ack else {
            flush()
            return wire.settle(tag, multiple: true, settlement)
        }
        let (isFull, mustTime) = state.withLock { state in
            // The broker has taken back what came by another wire.
            if state.wire !== wire { state.count = 0 }
            state.wire = wire
            state.lastTag = tag
            state.count += count
            let isFull = state.count >= limit
            defer { if !isFull { state.isTimed = true } }
            return (isFull, !isFull && !state.isTimed)
        }
        if isFull { flush() }
        if mustTime {
            reactor.schedule(at: .now + Self.patience) { [weak self] in
                self?.state.withLock { $0.isTimed = false }
                self?.flush()
            }
        }
    }

    /// Acknowledges what waits, now.
    func flush() {
        state.withLock { state in
            guard state.count > 0, let wire = state.wire else { return }
            (state.count, state.wire) = (0, nil)
            // Under the lock, lest a later acknowledgement overtake this one: the broker takes a tag once.
            wire.settle(state.lastTag, multiple: true, .ack)
        }
    }
}
