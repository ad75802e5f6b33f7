import Auth
import Hummingbird
import HTTPTypes
import Identifiers
import ServiceSupport

/// Lets only known callers pass: identity, then account bans, then the general rate limit.
struct CallerMiddleware: RouterMiddleware {
    let authenticator: Authenticator
    let checkAccount: @Sendable (Identity) async throws -> Void
    let limiter: RateLimiter
    let limit: RateLimit

    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let identity = try await authenticator.identity { name in
            HTTPField.Name(name).flatMap { request.headers[$0] }
        }
        context.caller = identity
        context.notes.note(identity.userID)
        var scope = RequestScope.current ?? RequestScope(requestID: context.requestID)
        scope.userID = identity.userID.description
        return try await RequestScope.$current.withValue(scope) {
            try await context.limit(limiter, limit, subject: identity.userID.description)
            try await checkAccount(identity)
            return try await next(request, context)
        }
    }
}
