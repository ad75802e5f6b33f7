public import IOReactor
public import Logging
public import ServiceLifecycle
internal import Synchronization

/// Publishes with confirms over one connection of its own, which it keeps up until it is shut down.
///
/// Any number of tasks may publish at once; what they publish shares writes and confirms. Messages of one task that
/// awaits each publish arrive in order, and so do those of one batch.
public final class AMQPPublisher: Service, Sendable {
    private let configuration: AMQPConfiguration
    private let role = PublisherRole()
    private let link: Link

    /// - Parameters:
    ///   - topology: declared on every connect, before the first message.
    ///   - tasks: whose thread the connection shares, unless it is one over TLS; nil for a thread of its own.
    public init(
        _ configuration: AMQPConfiguration, topology: AMQPTopology = AMQPTopology(), on tasks: ReactorTasks? = nil,
        logger: Logger
    ) {
        self.configuration = configuration
        link = Link(configuration, topology: topology, on: tasks, logger: logger, role: role)
    }

    /// Connects, and connects again whenever the connection is lost, until cancelled or gracefully shut down; then
    /// waits for outstanding confirms, at most `drainTimeout`.
    public func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [link] in await link.run() }
            group.addTask { [role, configuration] in
                guard (try? await gracefulShutdown()) != nil else { return }
                await role.drain(until: .now + configuration.drainTimeout)
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Like `run()`, but a graceful shutdown is left to its owner, who cancels it when nobody needs it any more.
    public func runUntilCancelled() async {
        await link.run()
    }

    /// True between a completed connect and the loss of the connection, but while the broker blocks publishers.
    public var isAvailable: Bool { role.availability.isAvailable }

    /// The present state and then each change. Ends with the publisher.
    public func availability() -> AsyncStream<Bool> { role.availability.watch() }

    /// Returns once the broker has taken responsibility for the message.
    ///
    /// Throws `.unavailable` and `.blocked` at once, with nothing sent. `.timeout` and `.interrupted` leave open whether
    /// the message arrived. Cancelling the task does not take a message back, nor end the wait: the deadline does.
    public func publish(
        _ message: AMQPMessage, exchange: String, routingKey: String, mandatory: Bool = false
    ) async throws(AMQPError) {
        let outgoing = AMQPOutgoing(message, exchange: exchange, routingKey: routingKey, mandatory: mandatory)
        let line = try role.line().get()
        var writer = FrameWriter(reserving: message.body.count + 256)
        try writer.publish(outgoing, channel: Session.mainChannel, frameMax: line.frameMax)
        let deadline = ContinuousClock.now + configuration.publishTimeout
        let result = await withCheckedContinuation { continuation in
            let refusal = line.submit(writer.bytes, count: 1, limit: configuration.maxInFlight) { ledger in
                ledger.add(.one(continuation), deadline: deadline, route: outgoing.route)
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) }
        }
        try result.get()
    }

    /// Publishes all in one write and waits once; results are in the order of the batch.
    public func publish(_ batch: [AMQPOutgoing]) async -> [Result<Void, AMQPError>] {
        await withCheckedContinuation { continuation in submit { (batch, .batch(continuation)) } }
    }

    /// Hands all to the socket before it returns, so that the order of calls is the order of messages, and calls
    /// `completion` once with the results in the order of the batch: at once where nothing could be sent, else from the
    /// connection's thread, which it must not block.
    public func submit(
        _ batch: [AMQPOutgoing], completion: @escaping @Sendable ([Result<Void, AMQPError>]) -> Void
    ) {
        submit { (batch, .callback(completion)) }
    }

    /// The same, asking for the batch once it is certain over which connection it will go: what an earlier connection
    /// lost has been told by then, and nothing that follows from it can overtake it.
    public func submit(
        choosing choose: () -> (batch: [AMQPOutgoing], completion: @Sendable ([Result<Void, AMQPError>]) -> Void)
    ) {
        submit {
            let (batch, completion) = choose()
            return (batch, .callback(completion))
        }
    }

    private func submit(_ choose: () -> ([AMQPOutgoing], PublishWaiter)) {
        let found = role.line()
        let (batch, waiter) = choose()
        var results = [Result<Void, AMQPError>](repeating: .success(()), count: batch.count)
        do throws(AMQPError) {
            let line = try found.get()
            var sent: [(index: Int, route: ConfirmLedger<PublishWaiter>.Route)] = []
            sent.reserveCapacity(batch.count)
            var writer = FrameWriter(reserving: batch.reduce(0) { $0 + $1.message.body.count + 256 })
            for (index, outgoing) in batch.enumerated() {
                do throws(AMQPError) {
                    try writer.publish(outgoing, channel: Session.mainChannel, frameMax: line.frameMax)
                    sent.append((index, outgoing.route))
                } catch {
                    results[index] = .failure(error)
                }
            }
            guard !sent.isEmpty else { return waiter.tell(results) }
            let deadline = ContinuousClock.now + configuration.publishTimeout
            let refusal = line.submit(writer.bytes, count: sent.count, limit: configuration.maxInFlight) { ledger in
                ledger.add(waiter, results: results, sent: sent, deadline: deadline)
            }
            if let refusal { throw refusal }
        } catch {
            waiter.tell(batch.map { _ in .failure(error) })
        }
    }
}

extension AMQPOutgoing {
    var route: ConfirmLedger<PublishWaiter>.Route {
        .init(
            exchange: exchange, routingKey: routingKey, messageID: message.properties.messageID, mandatory: mandatory)
    }
}

extension PublishLine {
    /// Sends `frames` and has `add` note who waits; the reason when it does neither.
    func submit(
        _ frames: [UInt8], count: Int, limit: Int, _ add: (inout ConfirmLedger<PublishWaiter>) -> Void
    ) -> AMQPError? {
        let refusal = wire.send { buffer -> AMQPError? in
            guard buffer.count + frames.count <= Wire.bufferLimit else { return .overloaded }
            let fits = ledger.withLock { ledger in
                guard ledger.count + count <= limit else { return false }
                add(&ledger)
                return true
            }
            guard fits else { return .overloaded }
            buffer += frames
            return nil
        }
        // No answer: the connection went between asking for the line and using it.
        guard let refusal else { return .unavailable("connection lost") }
        return refusal
    }
}
