public import Auth
public import Hummingbird
import HTTPTypes
public import Logging
import NIOCore
public import ServiceSupport

/// The HTTP side of a service: the same middleware, problems, health and metrics everywhere.
public struct HTTPServer {
    private let common: CommonSettings
    private let authenticator: Authenticator
    private let limiter: RateLimiter
    private let restLimit: RateLimit
    private let health: Health
    private let checkAccount: @Sendable (Identity) async throws -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - restLimit: for every authenticated call of a user, over all services.
    ///   - checkAccount: throws for banned accounts.
    public init(
        common: CommonSettings, authenticator: Authenticator, limiter: RateLimiter, restLimit: RateLimit,
        health: Health, checkAccount: @escaping @Sendable (Identity) async throws -> Void, logger: Logger
    ) {
        self.common = common
        self.authenticator = authenticator
        self.limiter = limiter
        self.restLimit = restLimit
        self.health = health
        self.checkAccount = checkAccount
        self.logger = logger
    }

    /// Where a service adds its routes.
    public struct Routes {
        /// Open to everybody.
        public let open: RouterGroup<AppContext>
        /// Callers are authenticated, not banned, and within the general rate limit.
        public let api: RouterGroup<AppContext>
        /// Other services only; paths begin with `/internal`.
        public let `internal`: RouterGroup<AppContext>
    }

    /// The server as a `Service`; it listens on `HTTP_HOST:HTTP_PORT` when run.
    public func application(
        onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }, _ addRoutes: (Routes) -> Void
    ) -> Application<MethodAwareResponder> {
        MetricNames.declare(
            counters: [MetricNames.permissionDenied, MetricNames.rateLimited], histograms: [MetricNames.httpLatency])
        let router = Router(context: AppContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: ScopeMiddleware(logger: logger))
        router.add(middleware: CORSPolicyMiddleware(allowedOrigins: common.allowedOrigins))
        router.add(middleware: ProblemMiddleware(logger: logger))
        let caller = CallerMiddleware(
            authenticator: authenticator, checkAccount: checkAccount, limiter: limiter, limit: restLimit)
        let services = InternalTokenMiddleware(token: common.internalToken)
        router.add(middleware: UnmatchedMiddleware(caller: caller, services: services))
        let open = router.group("")
        HealthRoutes(health: health).add(to: open)
        let api = router.group("").add(middleware: caller)
        let internalGroup = router.group("").add(middleware: services)
        addRoutes(Routes(open: open, api: api, internal: internalGroup))
        return Application(
            responder: MethodAwareResponder(router: router.buildResponder()), server: .cancellable,
            configuration: ApplicationConfiguration(
                address: .hostname(common.httpHost, port: common.httpPort), serverName: nil),
            onServerRunning: onServerRunning,
            logger: logger)
    }
}

/// Answers 405 with `Allow` where a path is known, but not with the request's method.
public struct MethodAwareResponder: HTTPResponder {
    public typealias Context = AppContext

    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete]
    let router: RouterResponder<AppContext>

    public func respond(to request: Request, context: AppContext) async throws -> Response {
        let response = try await router.respond(to: request, context: context)
        guard response.status == .notFound, context.endpointPath == nil || context.endpointPath == "NotFound" else {
            return response
        }
        let allowed = try await methods(of: request, source: context)
        guard !allowed.isEmpty else { return response }
        var problem = Problem(.methodNotAllowed)
        problem.headers = response.headers
        problem.headers[.allow] = allowed.map(\.rawValue).joined(separator: ", ")
        return try problem.response(requestID: response.headers[.xRequestID] ?? "")
    }

    /// Asks the router about each method; handlers do not run for a probe.
    private func methods(of request: Request, source: AppContext) async throws -> [HTTPRequest.Method] {
        var allowed: [HTTPRequest.Method] = []
        for method in Self.methods where method != request.method {
            var head = request.head
            head.method = method
            var probe = source
            probe.coreContext = CoreRequestContextStorage(source: source)
            probe.isProbe = true
            let answer = try await router.respond(
                to: Request(head: head, body: .init(buffer: ByteBuffer())), context: probe)
            if answer.status == .ok { allowed.append(method) }
        }
        return allowed
    }
}
