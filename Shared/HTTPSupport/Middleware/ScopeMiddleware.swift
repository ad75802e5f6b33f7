import Hummingbird
import HTTPTypes
import Logging
import Metrics
import ServiceSupport

/// Gives each request its id and scope, and tells what became of it: a log line, and its latency by route.
struct ScopeMiddleware: RouterMiddleware {
    let logger: Logger

    /// What the other services ask every second, all the time.
    private static let polled: Set<String> = ["/internal/account-bans"]

    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        if context.isProbe {
            return Response(status: context.endpointPath == nil ? .notFound : .ok)
        }
        var context = context
        let offered = request.headers[.xRequestID]
        let requestID =
            offered.flatMap { RequestScope.isAcceptable(requestID: $0) ? $0 : nil }
            ?? RequestScope.makeRequestID()
        context.requestID = requestID
        let traceparent =
            request.headers[.traceparent].flatMap { RequestScope.isAcceptable(traceparent: $0) ? $0 : nil }
            ?? RequestScope.makeTraceparent(requestID: requestID)
        let scope = RequestScope(requestID: requestID, traceparent: traceparent)
        let start = ContinuousClock.now
        return try await RequestScope.$current.withValue(scope) {
            var response = try await next(request, context)
            response.headers[.xRequestID] = requestID
            let elapsed = ContinuousClock.now - start
            report(request, context, response.status, elapsed)
            return response
        }
    }

    private func report(_ request: Request, _ context: AppContext, _ status: HTTPResponse.Status, _ elapsed: Duration) {
        let route = context.endpointPath ?? "unmatched"
        guard route != "/health", route != "/ready", route != "/metrics" else { return }
        Timer(
            label: MetricNames.httpLatency,
            dimensions: [("method", request.method.rawValue), ("route", route), ("status", "\(status.code)")]
        ).recordNanoseconds(elapsed.wholeNanoseconds)
        // The route and not the path: paths may carry secrets, routes never do.
        logger.log(
            level: Self.polled.contains(route) ? .debug : .info, "request",
            metadata: context.knownMetadata.merging([
                "method": "\(request.method.rawValue)", "route": "\(route)",
                LogKeys.status: .stringConvertible(status.code),
                LogKeys.durationMs: .stringConvertible(elapsed.wholeNanoseconds / 1_000_000),
            ]) { $1 })
    }
}

extension Duration {
    fileprivate var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}

extension HTTPField.Name {
    static let xRequestID = Self("X-Request-Id")!
    static let traceparent = Self("traceparent")!
    static let idempotencyKey = Self("Idempotency-Key")!
    static let idempotentReplayed = Self("Idempotent-Replayed")!
    static let rateLimitLimit = Self("RateLimit-Limit")!
    static let rateLimitRemaining = Self("RateLimit-Remaining")!
    static let rateLimitReset = Self("RateLimit-Reset")!
}
