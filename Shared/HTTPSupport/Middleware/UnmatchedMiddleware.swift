import Auth
import Hummingbird
import HTTPTypes

/// What no route knows is 404 or 405 to known callers only: first of all everybody says who they are, and within their
/// limits; other services by their own token. Under `/admin` all but administrators are refused whatever they name
/// (contract, section 1).
struct UnmatchedMiddleware: RouterMiddleware {
    /// Open to everybody, as its other methods are.
    private static let open: Set<String> = ["/auth/dev-token", "/health", "/ready", "/metrics"]

    let caller: CallerMiddleware
    let services: InternalTokenMiddleware

    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        var path = request.uri.path
        if path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard context.endpointPath == nil, !Self.open.contains(path) else { return try await next(request, context) }
        if Self.isUnder("/internal", path) { return try await services.handle(request, context: context, next: next) }
        return try await caller.handle(request, context: context) { request, context in
            if Self.isUnder("/admin", path), try !context.identity.role.isAdministrator { throw Problem(.forbidden) }
            return try await next(request, context)
        }
    }

    private static func isUnder(_ root: String, _ path: String) -> Bool { path == root || path.hasPrefix(root + "/") }
}
