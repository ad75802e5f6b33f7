import AMQP
import Auth
import EventBus
import HTTPSupport
import Identifiers
public import Logging
import Metrics
import Postgres
import Redis
public import ServiceLifecycle
public import ServiceSupport

/// The message service, put together.
public enum MessageApp {
    /// Migrates the database, or has it migrated as soon as it is there, and answers the service's parts in the order in which
    /// they start.
    public static func assemble(_ settings: Settings, logger: Logger) async throws -> [any Service] {
        let configuration = MessageSettings(settings)
        try settings.finish()
        return try await MessageParts(configuration, logger: logger).services()
    }
}

/// Every part, so that tests can reach them.
struct MessageParts: Sendable {
    static let schema = "messages"

    let settings: MessageSettings
    let logger: Logger
    let pool: PGPool
    let redis: RedisClient
    let amqp: AMQPConfiguration
    let publisher: AMQPPublisher
    let store: TimelineStore
    let events: TimelinePublisher
    let tally: ActivityTally
    let writer: TimelineWriter
    let timeline: Timeline
    let desk: CommandDesk
    let relay: TimelineRelay
    let rooms: InternalClient
    let health: Health

    /// - Parameter facts: where facts are asked for; the room service where nothing is given.
    init(_ settings: MessageSettings, facts: (any RoomFactSource)? = nil, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        let common = settings.common
        pool = PGPool(Self.postgres(settings), logger: logger)
        redis = RedisClient(try RedisConfiguration(url: common.redisURL), logger: logger)
        amqp = try AMQPConfiguration(url: common.rabbitmqURL, connectionName: "message-service")
        // A command is read, stored and told on one thread: each change of threads costs a lone message a tenth of its time.
        publisher = AMQPPublisher(
            amqp, topology: EventTopology.publishing(to: .rooms), on: pool.tasks, logger: logger)
        store = TimelineStore(pool: pool, flow: TimelineFlow())
        events = TimelinePublisher(publisher: publisher, store: store, logger: logger)
        tally = ActivityTally(publisher: publisher, logger: logger)
        writer = TimelineWriter(
            store: store, events: events, tally: tally, changes: settings.changesAtOnce, logger: logger)
        rooms = InternalClient(base: common.roomURL, token: common.internalToken)
        timeline = Timeline(
            store: store, writer: writer,
            facts: FactFollower(
                writer: writer, store: store, source: facts ?? RoomServiceFacts(client: rooms), logger: logger),
            texts: RepeatedTexts(redis: redis, limit: settings.repeatLimit, window: settings.repeatWindow),
            limits: MessageLimits(maxCharacters: settings.maxMessageCharacters), logger: logger)
        desk = CommandDesk(timeline: timeline, logger: logger)
        relay = TimelineRelay(store: store, publisher: publisher, logger: logger)
        let (pool, redis, publisher) = (pool, redis, publisher)
        health = Health(
            essential: [.postgres],
            checks: [
                .postgres: { pool.isAvailable }, .redis: { redis.isAvailable }, .rabbitmq: { publisher.isAvailable },
            ])
    }

    private static func postgres(_ settings: MessageSettings) -> PGConfiguration {
        var configuration = PGConfiguration(
            url: settings.common.databaseURL, schema: schema, applicationName: "message-service")
        configuration.poolSize = settings.common.databasePoolSize
        return configuration
    }

    func migrate() async throws {
        try await Migrator(pool: pool, schema: Self.schema, logger: logger)
            .migrate(IdempotencySchema.migrations + MessageMigrations.all, before: pool)
    }

    /// Those that others stand on come first; they stop in reverse.
    func services() async throws -> [any Service] {
        try await migrate()
        declareMetrics()
        let bans = AccountBans(rooms: rooms, logger: logger)
        let relay = relay
        return [
            pool, redis, publisher, events, tally, writer, bans, OwnJobs(jobs: ownJobs()),
            LeaderJobs(leader: PGLeader(Self.postgres(settings), logger: logger), jobs: leaderJobs()),
            RelayDuty(
                leader: PGLeader(Self.postgres(settings), logger: logger), publisher: publisher,
                job: PeriodicJob("relay", every: .milliseconds(200), health: health, logger: logger) {
                    try await relay.sweep()
                }),
            FactConsumer(amqp: amqp, follower: timeline.facts, publisher: publisher, logger: logger),
            CommandConsumer(amqp: amqp, desk: desk, replies: publisher, on: pool.tasks, logger: logger),
            QueueWatch(.facts, amqp: amqp, logger: logger),
            await server(checkAccount: bans.check),
        ]
    }

    private func ownJobs() -> [PeriodicJob] {
        let store = store
        return [
            PeriodicJob("lag", every: .seconds(5), health: health, logger: logger) {
                let lag = try await store.publishingLag()
                Meter(label: MetricNames.outboxLag).set(Double(lag.wholeMilliseconds) / 1000)
            }
        ]
    }

    private func leaderJobs() -> [PeriodicJob] {
        let (follower, store, age) = (timeline.facts, store, settings.archiveAfter)
        return [
            PeriodicJob("repair", every: .seconds(2), health: health, logger: logger) { try await follower.repair() },
            PeriodicJob("archive", every: settings.archiveInterval, health: health, logger: logger) {
                while try await store.archiveNext(endedBefore: age) { try Task.checkCancellation() }
                while try await IdempotencySchema.purge(pool) == 1000 {}
            },
        ]
    }

    private func declareMetrics() {
        MetricNames.declare(
            counters: [MetricNames.messageSendFailures], gauges: [MetricNames.outboxLag],
            histograms: [MetricNames.messageLatency])
        PoolMetrics.report { [pool] in
            let now = pool.statistics
            return (now.size, now.busy, now.waiting)
        }
        let depth = Meter(label: MetricNames.queueDepth, dimensions: [("queue", "writer")])
        Bootstrap.metrics.beforeScrape { [writer] in depth.set(writer.depth) }
    }
}
