import AMQP
import EventBus
import Identifiers
import Logging
import ServiceLifecycle
import Synchronization

/// This node's one queue at the broker: events and other nodes' words, of the rooms and users that have sockets here.
final class LiveFeed: Service {
    /// What every node hears: of users, and of itself.
    private static func topology(node: String) -> AMQPTopology {
        let events = [
            "user.banned.*", "notification.created.*", "pair.*.*", "invitation.created.*", "room.member_joined.*",
            "room.member_left.*", "room.member_banned.*",
        ]
        let live = [RelayAddress.everyNode.routingKey(nil), RelayAddress.key(ofNode: node)]
        return LiveRelay.topology.merging(
            AMQPTopology(
                queues: [.exclusive()],
                bindings: events.map { AMQPBinding(exchange: EventTopology.exchange, queue: "", routingKey: $0) }
                    + live.map { AMQPBinding(exchange: RelayAddress.exchange, queue: "", routingKey: $0) }))
    }

    private let consumer: AMQPConsumer
    private let logger: Logger
    /// The queue of the last connection for which rooms know that they may have missed something before it.
    private let knownQueue = Mutex<String?>(nil)
    /// Wishes by routing key; a key may be wished for by a room and by status streams.
    private let wishes = Mutex<[String: Int]>([:])

    init(
        _ configuration: AMQPConfiguration, node: String, logger: Logger,
        onConnect: @escaping @Sendable () async -> Void, handler: @escaping @Sendable ([AMQPDelivery]) async -> Void
    ) {
        self.logger = logger
        consumer = AMQPConsumer(
            configuration, topology: Self.topology(node: node), queues: [""], prefetch: 2000, maxBatch: 500,
            logger: logger,
            onConnect: onConnect,
            batchHandler: { deliveries in
                await handler(deliveries)
                return .ack
            })
    }

    func run() async throws { try await consumer.run() }

    var isConnected: Bool { consumer.isConnected }

    /// Whether nothing has been missed since the rooms were last told that something may have been.
    var isHearing: Bool {
        guard let queue = consumer.queueName else { return false }
        return knownQueue.withLock { $0 == queue }
    }

    /// Runs `tell`, which tells the rooms that events may have been missed before this connection.
    func afterSilence(_ tell: () async -> Void) async {
        let queue = consumer.queueName
        await tell()
        knownQueue.withLock { $0 = queue }
    }

    func bind(room code: RoomCode) async {
        async let events: Void = wish(EventTopology.exchange, "*.*.\(code)")
        async let live: Void = wish(RelayAddress.exchange, RelayAddress.room.routingKey(code))
        _ = await (events, live)
    }

    func unbind(room code: RoomCode) async {
        await drop(EventTopology.exchange, "*.*.\(code)")
        await drop(RelayAddress.exchange, RelayAddress.room.routingKey(code))
    }

    /// New messages of a room, for who has it in their list.
    func bind(messagesOf code: RoomCode) async { await wish(EventTopology.exchange, "message.created.\(code)") }

    func unbind(messagesOf code: RoomCode) async { await drop(EventTopology.exchange, "message.created.\(code)") }

    private func wish(_ exchange: String, _ key: String) async {
        let isFirst = wishes.withLock { wishes in
            wishes[key, default: 0] += 1
            return wishes[key] == 1
        }
        // Even a later wish waits for the binding: the first one's may still be under way.
        do { try await consumer.bind(exchange: exchange, routingKey: key) } catch {
            // Remembered: bound with the next connection, after which heads are compared.
            if isFirst { logger.debug("not bound yet", metadata: ["key": "\(key)", "error": "\(error)"]) }
        }
    }

    private func drop(_ exchange: String, _ key: String) async {
        let isLast = wishes.withLock { wishes in
            let left = (wishes[key] ?? 1) - 1
            wishes[key] = left > 0 ? left : nil
            return left <= 0
        }
        guard isLast else { return }
        try? await consumer.unbind(exchange: exchange, routingKey: key)
        // Somebody may have come while it was being unbound.
        if wishes.withLock({ $0[key] != nil }) { try? await consumer.bind(exchange: exchange, routingKey: key) }
    }
}
