internal import Synchronization

/// The consumer's side of its link.
final class ConsumerRole: LinkRole {
    typealias Waiter = CheckedContinuation<Result<Void, AMQPError>, Never>

    private struct Status {
        var wire: Wire?
        var queue: String?
        var away: AMQPError = .unavailable("not connected yet")
        var bindings = BindingLedger<Waiter>()
        /// What arrived together goes to the handlers together.
        var arrived: [DeliveryQueue.Item] = []
    }

    private let queues: [String]
    private let prefetch: Int
    private let operationTimeout: Duration
    private let status = Mutex(Status())
    let deliveries = DeliveryQueue()
    /// One element for each connection that is ready, bindings and all.
    let connects: AsyncStream<Void>
    private let connected: AsyncStream<Void>.Continuation

    private static func tag(_ index: Int) -> String { "parlor-\(index)" }

    init(queues: [String], prefetch: Int, operationTimeout: Duration) {
        self.queues = queues
        self.prefetch = prefetch
        self.operationTimeout = operationTimeout
        (connects, connected) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var queueName: String? { status.withLock { $0.wire == nil ? nil : $0.queue } }

    // MARK: - LinkRole

    func prepare(_ session: Session, queue named: String?) throws(AMQPError) {
        let names = queues.map { $0.isEmpty ? named ?? "" : $0 }
        for (index, name) in names.enumerated() {
            try session.consume(name, tag: Self.tag(index), prefetch: prefetch)
        }
        status.withLock { $0.queue = names.first }
    }

    func opened(_ wire: Wire, frameMax: Int) {
        let isReady = status.withLock { status in
            status.wire = wire
            var writer = FrameWriter()
            for binding in status.bindings.restore(deadline: .now + operationTimeout) {
                writer.bind(binding.of(status.queue), noWait: false, channel: Session.topologyChannel)
            }
            wire.send { $0 += writer.bytes }
            return !status.bindings.isRestoring
        }
        if isReady { connected.yield() }
    }

    func received(_ incoming: Incoming) throws(AMQPError) {
        switch incoming {
        case .delivered(let delivery):
            status.withLock { status in
                guard let wire = status.wire else { return }
                status.arrived.append(.init(delivery: delivery, wire: wire))
            }
        case .bindingDone:
            answered(nil)
        case .channelClosed(Session.topologyChannel, let error):
            refused(error)
        case .channelClosed(_, let error):
            throw error
        case .consumerCancelled:
            throw .interrupted("the broker ended the consumer: its queue is gone")
        case .confirmed, .returned, .connectionClosed, .blocked, .unblocked:
            break
        }
    }

    func settle(at now: ContinuousClock.Instant) {
        let (arrived, expired) = status.withLock { status in
            defer { status.arrived.removeAll(keepingCapacity: true) }
            return (status.arrived, status.bindings.expire(at: now))
        }
        if !arrived.isEmpty { deliveries.put(arrived) }
        for (waiter, result) in expired { waiter.resume(returning: result) }
    }

    func closed(_ error: AMQPError) {
        let completions = status.withLock { status in
            status.away = error == .closed ? .closed : .unavailable("\(error)")
            status.wire?.close()
            status.wire = nil
            status.arrived = []
            return status.bindings.failAll(.interrupted("\(error)"))
        }
        deliveries.clear()
        for (waiter, result) in completions { waiter.resume(returning: result) }
        if error == .closed { connected.finish() }
    }

    // MARK: - Bindings

    func bind(_ binding: AMQPBinding, with waiter: Waiter) {
        operate(waiter) { status in
            status.bindings.want(binding)
            return .init(binding: binding, waiter: waiter, deadline: .now + operationTimeout)
        }
    }

    func unbind(_ binding: AMQPBinding, with waiter: Waiter) {
        operate(waiter) { status in
            status.bindings.forget(binding)
            return .init(binding: binding, isUnbind: true, waiter: waiter, deadline: .now + operationTimeout)
        }
    }

    private func operate(_ waiter: Waiter, _ note: (inout Status) -> BindingLedger<Waiter>.Operation) {
        let refusal = status.withLock { status -> Result<Void, AMQPError>? in
            let operation = note(&status)
            // With the connection the queue's bindings went too, or will be made anew from what is wanted then.
            guard let wire = status.wire else { return operation.isUnbind ? .success(()) : .failure(status.away) }
            status.bindings.start(operation)
            var writer = FrameWriter()
            writer.append(operation.binding.of(status.queue), isUnbind: operation.isUnbind)
            wire.send { $0 += writer.bytes }
            return nil
        }
        if let refusal { waiter.resume(returning: refusal) }
    }

    /// - Parameter renewing: adds what has to be sent together with the answer's bookkeeping.
    private func answered(_ error: AMQPError?, renewing: (inout FrameWriter, Status) -> Void = { _, _ in }) {
        let (completion, isReady) = status.withLock { status in
            let wasRestoring = status.bindings.isRestoring
            let completion = status.bindings.answered(error)
            var writer = FrameWriter()
            renewing(&writer, status)
            status.wire?.send { $0 += writer.bytes }
            return (completion, wasRestoring && !status.bindings.isRestoring)
        }
        completion.map { $0.waiter.resume(returning: $0.result) }
        if isReady { connected.yield() }
    }

    /// The oldest operation cost us the channel: a new one is asked for all the others, under the lock, lest somebody's
    /// operation be sent in between and then once more.
    private func refused(_ error: AMQPError) {
        answered(error) { writer, status in
            writer.channelCloseOK(Session.topologyChannel)
            writer.openChannel(Session.topologyChannel)
            for (binding, isUnbind) in status.bindings.unanswered {
                writer.append(binding.of(status.queue), isUnbind: isUnbind)
            }
        }
    }

    // MARK: - Shutdown

    /// Asks the broker for nothing more and gives nothing more to handlers; what they hold they may still settle.
    func stopDelivering() {
        var writer = FrameWriter()
        for index in queues.indices { writer.cancel(consumer: Self.tag(index), channel: Session.mainChannel) }
        status.withLock { $0.wire }?.send { $0 += writer.bytes }
        deliveries.finish()
    }
}

extension FrameWriter {
    fileprivate mutating func append(_ binding: AMQPBinding, isUnbind: Bool) {
        if isUnbind {
            unbind(binding, channel: Session.topologyChannel)
        } else {
            bind(binding, noWait: false, channel: Session.topologyChannel)
        }
    }
}

extension AMQPBinding {
    fileprivate func of(_ queue: String?) -> AMQPBinding {
        AMQPBinding(exchange: exchange, queue: queue ?? "", routingKey: routingKey)
    }
}
