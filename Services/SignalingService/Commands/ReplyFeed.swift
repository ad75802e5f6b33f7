import AMQP
import Events
import Logging
import ServiceLifecycle
import Synchronization

/// This node's queue for the message service's answers.
final class ReplyFeed: Service {
    private let consumer: AMQPConsumer
    private let target: Target

    private final class Target: Sendable {
        let gateway = Mutex<CommandGateway?>(nil)
    }

    init(_ configuration: AMQPConfiguration, logger: Logger) {
        let target = Target()
        self.target = target
        consumer = AMQPConsumer(
            configuration, topology: AMQPTopology(queues: [.exclusive()]), queues: [""], prefetch: 500,
            maxBatch: 500, logger: logger,
            batchHandler: { deliveries in
                let gateway = target.gateway.withLock { $0 }
                for delivery in deliveries {
                    guard let batch = ReplyBatch(json: delivery.body) else {
                        logger.error("replies cannot be read")
                        continue
                    }
                    gateway?.receive(batch.replies)
                }
                return .ack
            })
    }

    func deliver(to gateway: CommandGateway) { target.gateway.withLock { $0 = gateway } }

    /// Where answers are to be sent; `nil` while the broker is away.
    var queueName: String? { consumer.queueName }

    func run() async throws { try await consumer.run() }
}
