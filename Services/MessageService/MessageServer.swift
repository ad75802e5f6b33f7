import Auth
import HTTPSupport
import Hummingbird
import ServiceLifecycle

extension MessageParts {
    /// The HTTP side.
    func server(checkAccount: @escaping @Sendable (Identity) async throws -> Void) async -> any Service {
        let limiter = RateLimiter(redis: redis)
        let server = HTTPServer(
            common: settings.common, authenticator: await settings.auth.authenticator(logger: logger),
            limiter: limiter, restLimit: settings.restLimit, health: health, checkAccount: checkAccount,
            logger: logger)
        return server.application { routes in
            let api = routes.api.add(middleware: RefusalMiddleware())
            SendController(timeline: timeline, limiter: limiter, limit: settings.messageLimit)
                .add(
                    to: api.group("").add(middleware: IdempotencyMiddleware(pool: pool))
                        .add(middleware: RefusalMiddleware()))
            MessageController(timeline: timeline).add(to: api)
            ReactionController(timeline: timeline).add(to: api)
            TimelineController(timeline: timeline, limiter: limiter, searchLimit: settings.searchLimit).add(to: api)
            ReadingController(timeline: timeline).add(to: api)
            let recent = RecentMessages(store: store, redis: redis, logger: logger)
            InternalController(timeline: timeline, recent: recent, desk: desk)
                .add(to: routes.internal.add(middleware: RefusalMiddleware()))
        }
    }
}
