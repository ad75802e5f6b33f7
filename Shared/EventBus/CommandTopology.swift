public import AMQP
internal import Events

/// What must exist on the broker for the commands of sockets.
public enum CommandTopology {
    /// The exchange alone: all a node that sends commands needs.
    public static let commands = AMQPTopology(exchanges: [AMQPExchange(CommandShard.exchange, .direct)])

    /// The queue of one shard. Commands live ten seconds: by then whoever waits has given up and sends again. A full
    /// queue says so to the sender instead of dropping what others wait for.
    public static func queue(_ shard: Int) -> AMQPTopology {
        let name = CommandShard.queue(shard)
        return AMQPTopology(
            exchanges: commands.exchanges,
            queues: [
                AMQPQueue(
                    name, durable: true,
                    arguments: [
                        "x-single-active-consumer": true, "x-message-ttl": 10_000, "x-max-length": 50_000,
                        "x-overflow": "reject-publish",
                    ])
            ],
            bindings: [AMQPBinding(exchange: CommandShard.exchange, queue: name, routingKey: String(shard))])
    }
}
