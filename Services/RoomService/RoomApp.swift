import AMQP
import Auth
import EventBus
import Events
import HTTPSupport
import Hummingbird
import Identifiers
public import Logging
import NIOCore
import Postgres
import Redis
public import ServiceLifecycle
public import ServiceSupport

/// The room service put together: the only place that knows every layer.
public struct RoomApp: Sendable {
    let settings: RoomSettings
    let store: RoomStore
    let accounts: Accounts
    let known: KnownUsers
    let seats: Seats
    let activity: ActivityStore
    let health: Health
    let logger: Logger
    let redis: RedisClient
    let publisher: AMQPPublisher
    let amqp: AMQPConfiguration

    /// Reads the settings and makes the parts. The database is migrated when this returns, or as soon as it is there.
    public static func services(_ settings: Settings, logger: Logger) async throws -> [any Service] {
        let app = try RoomApp(try RoomSettings.read(settings), clock: .system, logger: logger)
        try await app.migrate()
        return try await app.services()
    }

    /// - Parameter patience: how long Redis may take over what requests can do without.
    init(
        _ settings: RoomSettings, clock: TimeSource, patience: Duration = .milliseconds(250),
        search: DiscoveryStrategy.Limits = RoomStore.searchLimits, logger: Logger
    ) throws {
        let common = settings.common
        var database = PGConfiguration(
            url: common.databaseURL, schema: RoomSchema.name, applicationName: "room-service")
        database.poolSize = common.databasePoolSize
        let pool = PGPool(database, logger: logger)
        var cache = try RedisConfiguration(url: common.redisURL)
        cache.commandTimeout = max(cache.commandTimeout, patience)
        redis = RedisClient(cache, logger: logger)
        amqp = try AMQPConfiguration(url: common.rabbitmqURL, connectionName: "room-service")
        publisher = AMQPPublisher(
            amqp, topology: EventTopology.publishing(to: .facts, .notifications, .rooms), logger: logger)
        let outbox = Outbox(pool: pool, publisher: publisher, source: "room-service", logger: logger)
        store = RoomStore(
            pool: pool, outbox: outbox, cache: RoomCache(redis: redis, patience: patience, logger: logger),
            clock: clock, lifetime: settings.lifetime, searchLimits: search,
            sessionNews: SessionNews(), logger: logger)
        accounts = Accounts(pool: pool, outbox: outbox, clock: clock)
        known = KnownUsers(accounts: accounts, logger: logger)
        seats = Seats(redis: redis, patience: patience)
        activity = ActivityStore(pool: pool, seats: seats)
        health = Health(
            essential: [.postgres],
            checks: [
                .postgres: { pool.isAvailable }, .redis: { [redis] in redis.isAvailable },
                .rabbitmq: { [publisher] in publisher.isAvailable },
            ])
        self.settings = settings
        self.logger = logger
        RoomMetrics.declare()
        PairingMetrics.declare()
        PoolMetrics.report {
            let now = pool.statistics
            return (now.size, now.busy, now.waiting)
        }
    }

    func migrate() async throws {
        try await Migrator(pool: store.pool, schema: RoomSchema.name, logger: logger)
            .migrate(RoomSchema.migrations, before: store.pool)
    }

    /// Everything that runs, in the order of its start.
    func services(
        onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) async throws -> [any Service] {
        let maintenance = MaintenanceJob(activity: activity, clock: store.clock)
        let feed = ActivityFeed(amqp: amqp, activity: activity, logger: logger) { [logger] in
            // Presence that passed while the broker was away is not told again.
            do { try await maintenance.run(at: store.clock.now()) } catch {
                logger.debug("presence not put right", metadata: [LogKeys.error: "\(error)"])
            }
        }
        return [
            store.pool, redis, publisher, store.outbox, known, feed,
            RoomEvents.consumer(amqp: amqp, store: store, logger: logger),
            QueueWatch(.rooms, amqp: amqp, logger: logger),
            CacheRefill(redis: redis, store: store, logger: logger),
            ActiveRooms(store: store, interval: settings.jobs.maintenanceInterval, logger: logger),
            Matchmaker(store: store, logger: logger),
            SessionClock(store: store, seats: seats, health: health, logger: logger),
            QueueUpdates(store: store, seats: seats, publisher: publisher, logger: logger),
            JobRunner(jobs(maintenance), pool: store.pool, clock: store.clock, health: health, logger: logger),
            await server(onServerRunning: onServerRunning),
        ]
    }

    func server(
        onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) async -> Application<MethodAwareResponder> {
        let limiter = RateLimiter(redis: redis)
        let known = known
        let devTokens = settings.common.isDevAuth ? await devTokens() : nil
        return HTTPServer(
            common: settings.common, authenticator: await settings.auth.authenticator(logger: logger),
            limiter: limiter, restLimit: settings.rates.rest, health: health,
            checkAccount: { identity in
                if let account = try await known.isBanned(identity.userID) {
                    throw Problem(.accountBanned, account.banReason)
                }
                try await known.note(identity)
            },
            logger: logger
        ).application(onServerRunning: onServerRunning) { routes in
            addRoutes(to: routes, limiter: limiter, devTokens: devTokens)
        }
    }

    private func jobs(_ maintenance: MaintenanceJob) -> [LifecycleJob] {
        let messages = messageService
        let expiry = ExpiryJob(store: store, seats: seats, activity: activity) { room in
            let summary: InternalAPI.RoomSummary? = try? await messages.get("/internal/rooms/\(room)/summary")
            return summary?.lastMessageAt
        }
        return [
            expiry.job(), maintenance.job(every: settings.jobs.maintenanceInterval),
            NameJob(store: store).job(), SessionJob(store: store).job(),
            CleanUpJob(store: store, purgeAfter: settings.jobs.purgeAfter) { room in
                try await messages.send(.delete, "/internal/rooms/\(room)")
            }.job(every: settings.jobs.cleanUpInterval),
        ]
    }

    var messageService: InternalClient {
        InternalClient(
            base: settings.common.messageURL, token: settings.common.internalToken, deadline: .milliseconds(500))
    }

    private func devTokens() async -> DevTokens {
        await DevTokens(
            secret: settings.auth.secret ?? "", issuer: settings.auth.issuer, audience: settings.auth.audience)
    }

    private func addRoutes(to routes: HTTPServer.Routes, limiter: RateLimiter, devTokens: DevTokens?) {
        let api = routes.api.group("").add(middleware: RefusalMiddleware())
        let idempotency = IdempotencyMiddleware(pool: store.pool)
        let tokens = InvitationTokens(secret: settings.invitationSecret)
        let rates = settings.rates
        func feature(_ name: String, _ flag: FeatureFlag) -> RouterGroup<AppContext> {
            api.group("").add(middleware: FeatureMiddleware(flag: flag, feature: name))
        }
        RoomController(store: store, limits: settings.limits, idempotency: idempotency, logger: logger).add(to: api)
        DiscoveryController(store: store, limiter: limiter, searchLimit: rates.searches)
            .add(to: feature("discovery", settings.discovery))
        MembershipController(
            store: store, seats: seats, presence: PresenceTable(pool: store.pool),
            messages: messageService, iceServers: settings.iceServers, limiter: limiter, joinLimit: rates.joins
        ).add(to: api)
        let listening = feature("sessions", settings.sessions)
        SessionController(
            store: store, seats: seats, limits: settings.limits, idempotency: idempotency, limiter: limiter,
            joinLimit: rates.joins, logger: logger
        ).add(to: listening)
        QueueController(store: store, seats: seats).add(to: listening)
        MemberController(store: store, messages: messageService).add(to: api)
        BanController(store: store).add(to: api)
        InvitationController(
            store: store, seats: seats, tokens: tokens, idempotency: idempotency, limiter: limiter,
            joinLimit: rates.joins, userLimit: rates.invitationsOfUser, addressLimit: rates.invitationsToAddress
        ).add(to: api)
        ModerationController(store: store, messages: messageService).add(to: api)
        PairController(store: store).add(to: feature("pairing", settings.pairing))
        AccountController(accounts: accounts, known: known, store: store).add(to: api)
        InternalController(store: store, accounts: accounts, tokens: tokens, seats: seats)
            .add(to: routes.internal.group("").add(middleware: RefusalMiddleware()))
        if let devTokens {
            DevTokenController(tokens: devTokens, accounts: accounts, logger: logger)
                .add(to: routes.open.group("").add(middleware: RefusalMiddleware()))
        }
    }
}
