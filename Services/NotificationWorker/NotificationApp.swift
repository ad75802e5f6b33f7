internal import AMQP
internal import Auth
internal import EventBus
internal import HTTPSupport
internal import Hummingbird
public import Logging
internal import Postgres
internal import Redis
internal import SMTP
public import ServiceLifecycle
internal import ServiceSupport

/// The notification worker, assembled: what belongs to it, and who needs whom.
public struct NotificationApp: Sendable {
    private let settings: NotificationSettings
    private let logger: Logger
    private let pool: PGPool
    private let redis: RedisClient
    private let publisher: AMQPPublisher
    private let outbox: Outbox
    private let rooms: InternalClient
    private let health: Health
    private let announcer: Announcer

    public init(_ settings: NotificationSettings, logger: Logger) throws {
        let common = settings.common
        self.settings = settings
        self.logger = logger
        var database = PGConfiguration(
            url: common.databaseURL, schema: "notifications", applicationName: "notification-worker")
        database.poolSize = common.databasePoolSize
        pool = PGPool(database, logger: logger)
        redis = RedisClient(try RedisConfiguration(url: common.redisURL), logger: logger)
        publisher = AMQPPublisher(
            try AMQPConfiguration(url: common.rabbitmqURL, connectionName: "notification publisher"),
            topology: EventTopology.publishing(to: .rooms), logger: logger)
        outbox = Outbox(pool: pool, publisher: publisher, source: "notification-worker", logger: logger)
        rooms = InternalClient(base: common.roomURL, token: common.internalToken)
        health = Health(
            essential: [.postgres],
            checks: [
                .postgres: { [pool] in pool.isAvailable }, .redis: { [redis] in redis.isAvailable },
                .rabbitmq: { [publisher] in publisher.isAvailable },
            ])
        announcer = Announcer(writer: NotificationWriter(), webhooks: WebhookQueue(targets: settings.webhookURLs))
        WorkerMetrics.declare()
        PoolMetrics.report { [pool] in
            let now = pool.statistics
            return (now.size, now.busy, now.waiting)
        }
        health.declare(job: MailWorker.job)
        if !settings.webhookURLs.isEmpty { health.declare(job: WebhookWorker.job) }
    }

    /// Everything long-lived, in the order of starting. The schema is brought up to date first, or as soon as the database
    /// is there.
    public func services() async throws -> [any Service] {
        let bans = AccountBans(rooms: rooms, logger: logger)
        try await Migrator(pool: pool, schema: "notifications", logger: logger)
            .migrate(NotificationMigrations.all, before: pool)
        let watch = QueueWatch(.notifications, amqp: try amqp("notification"), logger: logger)
        return [pool, redis, publisher, outbox, bans, try consumer(), watch, try mailWorker()] + webhookWorkers()
            + [await server(bans)]
    }

    private func consumer() throws -> any Service {
        let handler = NotificationHandler(announcer: announcer)
        return EventConsumer(
            queue: .notifications,
            amqp: try amqp("notification consumer"),
            outbox: outbox, concurrency: 8, logger: logger
        ) { event, transaction, events in
            try await handler.handle(event, transaction, events)
        }
    }

    private func amqp(_ name: String) throws -> AMQPConfiguration {
        try AMQPConfiguration(url: settings.common.rabbitmqURL, connectionName: name)
    }

    private func mailWorker() throws -> any Service {
        let transports: [any MailTransport] =
            if let smtp = settings.smtp {
                (0..<settings.smtpConnections).map { _ in SMTPTransport(SMTPClient(smtp, logger: logger)) }
            } else {
                [FolderTransport(MailFolder(path: settings.mailDirectory))]
            }
        return MailWorker(
            queue: MailQueue(
                outbox: outbox, pool: pool, announcer: announcer, schedule: settings.mailRetry,
                lease: settings.mailLease),
            source: InvitationSource(rooms: rooms),
            mailer: InvitationMailer(from: settings.mailFrom, publicURL: settings.common.publicURL),
            transports: transports, health: health, logger: logger)
    }

    private func webhookWorkers() -> [any Service] {
        settings.webhookURLs.compactMap { url in
            WebhookSender(url: url, secret: settings.webhookSecret, allowPrivate: settings.webhookAllowPrivate).map {
                WebhookWorker(
                    target: url, sender: $0, queue: announcer.webhooks, pool: pool, health: health, logger: logger)
            }
        }
    }

    private func server(_ bans: AccountBans) async -> any Service {
        let inbox = InboxStore(pool: pool)
        let preferences = PreferenceController(store: PreferenceStore(pool: pool), rooms: rooms)
        return HTTPServer(
            common: settings.common, authenticator: await settings.auth.authenticator(logger: logger),
            limiter: RateLimiter(redis: redis),
            restLimit: RateLimit(name: "rest", perSecond: settings.restPerSecond, burst: settings.restBurst),
            health: health, checkAccount: { try await bans.check($0) }, logger: logger
        ).application { routes in
            NotificationController(inbox: inbox).add(to: routes.api)
            preferences.add(to: routes.api)
            InternalController(inbox: inbox).add(to: routes.internal)
        }
    }
}
