internal import IOReactor
internal import Synchronization

/// Who waits for confirms.
enum PublishWaiter: Sendable {
    case one(CheckedContinuation<Result<Void, AMQPError>, Never>)
    case batch(CheckedContinuation<[Result<Void, AMQPError>], Never>)
    /// Called on the link's thread.
    case callback(@Sendable ([Result<Void, AMQPError>]) -> Void)

    func tell(_ result: Result<Void, AMQPError>) {
        guard case .one(let continuation) = self else { return tell([result]) }
        continuation.resume(returning: result)
    }

    /// - Parameter results: of each message, in order.
    func tell(_ results: [Result<Void, AMQPError>]) {
        switch self {
        case .one(let continuation): continuation.resume(returning: results[0])
        case .batch(let continuation): continuation.resume(returning: results)
        case .callback(let completion): completion(results)
        }
    }
}

/// One connection's worth of publishing: its wire, and who waits for the broker's word. A new connection, a new line.
final class PublishLine: Sendable {
    let wire: Wire
    let frameMax: Int
    let ledger = Mutex(ConfirmLedger<PublishWaiter>())

    init(wire: Wire, frameMax: Int) {
        self.wire = wire
        self.frameMax = frameMax
    }
}

/// The publisher's side of its link.
final class PublisherRole: LinkRole {
    private struct Status {
        var line: PublishLine?
        var away: AMQPError = .unavailable("not connected yet")
        var blocked: AMQPError?
        var isShutDown = false
        var drain: Drain?
    }

    private typealias Drain = (done: CheckedContinuation<Void, Never>, deadline: ContinuousClock.Instant)

    /// Those under way when the broker announces that it takes nothing: their confirms may be just behind the notice.
    private static let blockedGrace = Duration.milliseconds(500)

    private let status = Mutex(Status())
    let availability = Availability()

    /// Where to publish now.
    func line() -> Result<PublishLine, AMQPError> {
        status.withLock { status in
            if status.isShutDown { return .failure(.closed) }
            if let blocked = status.blocked { return .failure(blocked) }
            return status.line.map { .success($0) } ?? .failure(status.away)
        }
    }

    // MARK: - LinkRole

    func prepare(_ session: Session, queue: String?) throws(AMQPError) {
        try session.selectConfirms()
    }

    func opened(_ wire: Wire, frameMax: Int) {
        status.withLock { $0.line = PublishLine(wire: wire, frameMax: frameMax) }
        availability.set(true)
    }

    func received(_ incoming: Incoming) throws(AMQPError) {
        guard let line = status.withLock({ $0.line }) else { return }
        switch incoming {
        case .confirmed(let sequence, let multiple, let taken):
            update(line) {
                $0.settle(sequence, multiple: multiple, result: taken ? .success(()) : .failure(.nacked), into: &$1)
            }
        case .returned(let route, let error):
            line.ledger.withLock { $0.noteReturn(route, error: error) }
        case .blocked(let reason):
            let error = AMQPError.blocked(reason)
            status.withLock { $0.blocked = error }
            line.ledger.withLock { $0.block(error, until: .now + Self.blockedGrace) }
            availability.set(false)
        case .unblocked:
            status.withLock { $0.blocked = nil }
            line.ledger.withLock { $0.unblock() }
            availability.set(true)
        case .channelClosed(Session.mainChannel, let error):
            reopen(line, after: error)
        case .channelClosed(_, let error):
            throw error
        case .delivered, .bindingDone, .consumerCancelled, .connectionClosed:
            break
        }
    }

    func settle(at now: ContinuousClock.Instant) {
        guard let line = status.withLock({ $0.line }) else { return }
        update(line) { $0.expire(at: now, into: &$1) }
        let drain = status.withLock { status -> Drain? in
            guard let drain = status.drain, drain.deadline <= now || line.ledger.withLock(\.isEmpty) else { return nil }
            return status.drain.take()
        }
        drain?.done.resume()
    }

    func closed(_ error: AMQPError) {
        let (line, drain) = status.withLock { status in
            status.away = error == .closed ? .closed : .unavailable("\(error)")
            status.blocked = nil
            return (status.line.take(), status.drain.take())
        }
        availability.set(false)
        drain?.done.resume()
        if error == .closed { availability.finish() }
        guard let line else { return }
        // Once the wire refuses, the ledger grows no more.
        line.wire.close()
        update(line) { $0.failAll(.interrupted("\(error)"), into: &$1) }
    }

    /// Refuses new messages; returns when all confirms are in, the connection is gone, or soon after `deadline`.
    func drain(until deadline: ContinuousClock.Instant) async {
        await withCheckedContinuation { continuation in
            let done = status.withLock { status in
                status.isShutDown = true
                guard let line = status.line, !line.ledger.withLock(\.isEmpty) else { return true }
                status.drain = (continuation, deadline)
                return false
            }
            if done { continuation.resume() }
        }
    }

    // MARK: -

    private func update(
        _ line: PublishLine,
        _ change: (inout ConfirmLedger<PublishWaiter>, inout [ConfirmLedger<PublishWaiter>.Completion]) -> Void
    ) {
        var completions: [ConfirmLedger<PublishWaiter>.Completion] = []
        line.ledger.withLock { change(&$0, &completions) }
        tell(completions)
    }

    /// Holding no lock: who is told may publish at once.
    private func tell(_ completions: [ConfirmLedger<PublishWaiter>.Completion]) {
        for (waiter, outcome) in completions {
            switch outcome {
            case .one(let result): waiter.tell(result)
            case .batch(let results): waiter.tell(results)
            }
        }
    }

    /// One bad message (a missing exchange, no permission) cost us the channel. It alone is to blame; the others under
    /// way are in doubt. The next messages go through a new channel.
    private func reopen(_ line: PublishLine, after error: AMQPError) {
        var writer = FrameWriter()
        writer.channelCloseOK(Session.mainChannel)
        writer.openChannel(Session.mainChannel)
        writer.confirmSelect(channel: Session.mainChannel)
        let doubt = AMQPError.interrupted("channel closed by another message: \(error)")
        let completions = line.wire.send { buffer -> [ConfirmLedger<PublishWaiter>.Completion] in
            buffer += writer.bytes
            var completions: [ConfirmLedger<PublishWaiter>.Completion] = []
            // Under the wire's lock: whatever is added after this counts on the new channel.
            line.ledger.withLock {
                $0.failAll(doubt, culprit: error.namedExchange.map { ($0, error) }, into: &completions)
            }
            return completions
        }
        tell(completions ?? [])
    }
}

extension AMQPError {
    /// The exchange in the broker's words "no exchange 'x' in vhost" or "access to exchange 'x' in vhost".
    fileprivate var namedExchange: String? {
        guard case .refused(_, let reason) = self, let start = reason.firstRange(of: "exchange '") else { return nil }
        let rest = reason[start.upperBound...]
        return rest.firstRange(of: "' in vhost").map { String(rest[..<$0.lowerBound]) }
    }
}
