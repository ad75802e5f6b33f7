import AMQP
import Auth
import EventBus
import Events
import Foundation
import HTTPSupport
import Identifiers
public import Logging
import NIOCore
import NIOPosix
import Redis
public import ServiceLifecycle
public import ServiceSupport

/// The signaling service, put together: sockets, seats, presence, the live stream.
public enum SignalingApp {
    /// Reads the settings and builds every long-lived part, in the order in which they start.
    /// - Parameter onListening: told the port once connections are accepted.
    public static func services(
        _ environment: Settings, logger: Logger, onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> [any Service] {
        let settings = try SignalingSettings(environment)
        let common = settings.common
        let metrics = SignalingMetrics(logger: logger)
        // Lives at one place are named in the order of their beginnings.
        let node = "\(settings.place)/\(UUID.v7().uuidString.lowercased())"

        let redis = RedisClient(try RedisConfiguration(url: common.redisURL), logger: logger)
        let amqp = { (purpose: String) in
            try AMQPConfiguration(url: common.rabbitmqURL, connectionName: "signaling-service \(purpose)")
        }
        let topology = LiveRelay.topology.merging(CommandTopology.commands)
        let publisher = AMQPPublisher(try amqp("publisher"), topology: topology, logger: logger)
        let rooms = RoomDirectory(
            rooms: InternalClient(base: common.roomURL, token: common.internalToken), redis: redis)
        let messages = InternalClient(base: common.messageURL, token: common.internalToken, deadline: .seconds(4))
        let timeline = TimelineReader(messages: messages)
        let limiter = RateLimiter(redis: redis)
        let seats = SeatStore(redis: redis, node: node)
        let outgoing = OutgoingQueue(publisher: publisher, logger: logger)
        let relay = LiveRelay(node: node, queue: outgoing, publisher: publisher, logger: logger)
        let leases = LeaseWatch(seats: seats, directory: rooms, relay: relay, metrics: metrics, logger: logger)

        let replies = ReplyFeed(try amqp("replies"), logger: logger)
        let commands = CommandGateway(
            publisher: publisher, messages: messages, replyQueue: { replies.queueName }, logger: logger)
        replies.deliver(to: commands)

        let dispatcher = FeedDispatcher(relay: relay, logger: logger)
        let feed = LiveFeed(
            try amqp("live"), node: node, logger: logger, onConnect: { await dispatcher.connected() },
            handler: { await dispatcher.dispatch($0) })
        let hub = Hub(
            services: RoomServices(
                node: node, limits: settings.limits, seats: seats, rooms: rooms, timeline: timeline, commands: commands,
                relay: relay, leases: leases, limiter: limiter, messageLimit: settings.messageLimit, metrics: metrics,
                logger: logger, isHearing: { feed.isHearing }), feed: feed)
        let status = StatusHub(feed: feed, logger: logger)
        dispatcher.serve(hub, status)

        let searches = SearchRenewal(status: status, rooms: rooms.rooms, logger: logger)

        let database = DatabaseWatch(owners: [rooms.rooms, messages])
        let health = Health(
            essential: [],
            checks: [
                .postgres: { database.isAvailable }, .redis: { redis.isAvailable },
                // Who speaks and does not hear yet would miss what is said meanwhile.
                .rabbitmq: { publisher.isAvailable && feed.isConnected && replies.queueName != nil },
            ])
        let bans = AccountBans(rooms: rooms.rooms, logger: logger) { await dispatcher.close($0, .accountBanned) }
        let joiner = Joiner(
            limits: settings.limits,
            access: .init(
                verifier: await settings.auth.tokenVerifier(logger: logger),
                gateway: settings.auth.mode == .gateway
                    ? GatewayIdentity(secret: settings.auth.gatewaySecret ?? "") : nil,
                bans: bans, limiter: limiter, joinLimit: settings.joinLimit,
                origins: common.allowedOrigins),
            hub: hub, status: status, rooms: rooms, timeline: timeline,
            notifications: InternalClient(base: common.notificationURL, token: common.internalToken), metrics: metrics,
            logger: logger)
        let server = try await SocketServer(
            host: common.httpHost, port: common.httpPort, reception: joiner, health: health,
            group: MultiThreadedEventLoopGroup.singleton, logger: logger,
            onListening: onListening)
        let drainer = Drainer(
            time: settings.drain, health: health, joiner: joiner, server: server, relay: relay, logger: logger)
        return [
            redis, publisher, outgoing, replies, commands, feed, relay, bans, database, leases, hub, status, searches,
            server, drainer,
        ]
    }
}
