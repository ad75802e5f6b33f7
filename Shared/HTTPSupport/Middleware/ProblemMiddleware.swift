import Auth
import Hummingbird
import HTTPTypes
import Identifiers
import Logging
import Metrics
import ServiceSupport

/// Renders everything thrown as a problem, and puts the rate limit headers on every answer.
struct ProblemMiddleware: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = try render(error, request, context)
        }
        if let limit = context.notes.tightestLimit {
            response.headers[.rateLimitLimit] = String(limit.limit)
            response.headers[.rateLimitRemaining] = String(limit.remaining)
            response.headers[.rateLimitReset] = String(limit.reset.secondsRoundedUp)
        }
        return response
    }

    private func render(_ error: any Error, _ request: Request, _ context: AppContext) throws -> Response {
        let problem: Problem
        if let known = Problem(describing: error) {
            problem = known
            if known.code.status.kind == .serverError {
                logger.warning("refused", metadata: [LogKeys.error: "\(String(reflecting: error))"])
            }
        } else {
            logger.error("unexpected fault", metadata: [LogKeys.error: "\(String(reflecting: error))"])
            problem = Problem(.internal)
        }
        note(problem, request, context)
        return try problem.response(requestID: context.requestID)
    }

    private func note(_ problem: Problem, _ request: Request, _ context: AppContext) {
        switch problem.code.status {
        case .forbidden:
            Counter(label: MetricNames.permissionDenied).increment()
            let action = "\(request.method.rawValue) \(context.endpointPath ?? "-")"
            logger.info(
                "permission_denied",
                metadata: context.knownMetadata.merging([
                    LogKeys.action: "\(action)", "code": "\(problem.code.rawValue)",
                ]) { $1 })
        case .tooManyRequests:
            Counter(label: MetricNames.rateLimited).increment()
            logger.info("rate_limit_exceeded", metadata: context.knownMetadata)
        default: break
        }
    }
}

extension Problem {
    /// The answer that tells this problem.
    func response(requestID: String) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        if code.status == .unauthorized, headers[.wwwAuthenticate] == nil {
            headers[.wwwAuthenticate] = "Bearer realm=\"parlor\""
        }
        if let retryAfter { headers[.retryAfter] = String(retryAfter.secondsRoundedUp) }
        return try .json(ProblemBody(self, requestID: requestID), status: code.status, headers: headers)
    }
}

extension Duration {
    /// Whole seconds, rounded up; at least one for what is not zero.
    var secondsRoundedUp: Int64 { components.seconds + (components.attoseconds > 0 ? 1 : 0) }
}
