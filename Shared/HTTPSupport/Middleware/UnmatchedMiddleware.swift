import Auth
import Hummingbird
import HTTPTypes

/// What no route knows is 404 or 405 to known callers only: first of all everybody says who they are, and within their
/// limits. Under `/admin` all but administrators are refused whatever they name (contract, section 1).
struct UnmatchedMiddleware: RouterMiddleware {
    /// Open to everybody, as its other methods are.
    private static let open: Set<String> = ["/auth/dev-token", "/health", "/ready", "/metrics"]

    let caller: CallerMiddleware

    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        // Other services have a token of their own, and are told what is not there.
        guard context.endpointPath == nil, !Self.open.contains(path), !path.hasPrefix("/internal/") else {
            return try await next(request, context)
        }
        return try await caller.handle(request, context: context) { request, context in
            if path.hasPrefix("/admin/"), try !context.identity.role.isAdministrator { throw Problem(.forbidden) }
            return try await next(request, context)
        }
    }
}
