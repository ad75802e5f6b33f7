import Auth
import Hummingbird
import HTTPTypes

/// Lets only other services pass: `INTERNAL_TOKEN` as bearer.
struct InternalTokenMiddleware: RouterMiddleware {
    let token: String

    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        guard let offered = request.headers[.authorization],
            ConstantTime.equal(offered, "Bearer \(token)")
        else { throw Problem(.unauthenticated, "The internal token is needed") }
        return try await next(request, context)
    }
}
