internal import IOReactor

/// A short connection for tools: looks into queues and takes single messages, without consuming.
///
/// What is taken and not settled goes back to its place when the browser is closed.
public actor AMQPBrowser {
    private let reactor = Reactor(name: "amqp-browser")
    private let configuration: AMQPConfiguration
    private var session: Session?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    /// Connects with the first call.
    public init(_ configuration: AMQPConfiguration) {
        self.configuration = configuration
    }

    /// How many messages wait in `queue`; nil where there is no such queue.
    public func messageCount(of queue: String) throws(AMQPError) -> Int? {
        do throws(AMQPError) {
            return try connected().messageCount(of: queue)
        } catch .refused(404, _) {
            // The refusal cost a channel, and with it what was taken from others: a fresh start is clearer.
            close()
            return nil
        }
    }

    /// The oldest message of `queue` that nobody holds; nil where there is none.
    public func take(from queue: String) throws(AMQPError) -> AMQPDelivery? {
        try connected().get(from: queue)
    }

    public func settle(_ delivery: AMQPDelivery, _ settlement: AMQPSettlement) throws(AMQPError) {
        guard let session else { throw .closed }
        var writer = FrameWriter()
        writer.settle(delivery.tag, multiple: false, settlement)
        guard session.send(frames: writer.bytes) else { throw .interrupted("the connection was lost") }
    }

    public func close() {
        session?.close()
        session = nil
    }

    private func connected() throws(AMQPError) -> Session {
        if let session { return session }
        var failure = AMQPError.unavailable("no host")
        for host in configuration.hosts {
            do throws(AMQPError) {
                let session = try Session.connect(configuration, to: host)
                self.session = session
                return session
            } catch {
                failure = error
            }
        }
        throw failure
    }
}
