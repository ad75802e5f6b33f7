import Hummingbird
import HTTPTypes

/// Lets browsers of the allowed origins call, and read the headers that the contract names.
struct CORSPolicyMiddleware: RouterMiddleware {
    let allowedOrigins: Set<String>

    private static let exposed = [
        "ETag", "Location", "X-Request-Id", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining",
        "RateLimit-Reset", "Idempotent-Replayed", "WWW-Authenticate",
    ].joined(separator: ", ")
    private static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
    private static let requestHeaders = [
        "Authorization", "Content-Type", "X-Request-Id", "Idempotency-Key", "If-Match", "If-None-Match", "traceparent",
    ].joined(separator: ", ")

    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin], !context.isProbe else { return try await next(request, context) }
        let isAllowed = allowedOrigins.contains(origin) || allowedOrigins.contains("*")
        let isPreflight = request.method == .options && request.headers[.accessControlRequestMethod] != nil
        var response = isPreflight ? Response(status: .noContent) : try await next(request, context)
        response.headers[values: .vary].append("Origin")
        guard isAllowed else { return response }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = Self.exposed
        if isPreflight {
            response.headers[.accessControlAllowMethods] = Self.methods
            response.headers[.accessControlAllowHeaders] = Self.requestHeaders
            response.headers[.accessControlMaxAge] = "600"
        }
        return response
    }
}
