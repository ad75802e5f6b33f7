import AMQP
import EventBus
import Events
import IOReactor
import Logging
import ServiceLifecycle
import ServiceSupport

/// Takes the commands of sockets from the broker. One instance at a time consumes a shard, so that the messages of a
/// room keep their order whatever the number of instances; what waits in its shards is taken together.
struct CommandConsumer: Service {
    private let consumer: AMQPConsumer

    init(amqp: AMQPConfiguration, desk: CommandDesk, replies: AMQPPublisher, on tasks: ReactorTasks, logger: Logger) {
        let shards = 0..<CommandShard.count
        consumer = AMQPConsumer(
            amqp, topology: shards.map(CommandTopology.queue).reduce(AMQPTopology()) { $0.merging($1) },
            queues: shards.map(CommandShard.queue), prefetch: 512, maxBatch: TimelineWriter.maxBatch, on: tasks,
            logger: logger,
            batchHandler: { await Self.handle($0, desk: desk, replies: replies, logger: logger) })
    }

    func run() async throws { try await consumer.run() }

    /// True while commands of every shard can arrive, here or at another instance.
    var isConnected: Bool { consumer.isConnected }

    /// A command is settled whatever becomes of it: who sent it resends what was not answered.
    private static func handle(
        _ deliveries: [AMQPDelivery], desk: CommandDesk, replies: AMQPPublisher, logger: Logger
    ) async -> AMQPSettlement {
        var nodes: [String: [MessageCommand]] = [:]
        for delivery in deliveries {
            guard let replyTo = delivery.properties.replyTo,
                let batch = CommandBatch(json: delivery.body)
            else {
                logger.warning("no command batch", metadata: [LogKeys.error: "unreadable or without reply_to"])
                continue
            }
            nodes[replyTo, default: []] += batch.commands
        }
        await withTaskGroup(of: Void.self) { group in
            for (node, commands) in nodes {
                group.addTask {
                    await desk.serve(commands) { answers in Self.send(answers, to: node, over: replies) }
                }
            }
        }
        return .ack
    }

    /// Waits for nothing: an answer that is lost is asked for again by the client.
    private static func send(_ answers: [CommandReply], to node: String, over publisher: AMQPPublisher) {
        let message = AMQPMessage(
            body: ReplyBatch(replies: answers).json,
            properties: AMQPProperties(contentType: "application/json", persistent: false))
        publisher.submit([AMQPOutgoing(message, exchange: "", routingKey: node)]) { _ in }
    }
}
