import HTTPSupport
import Hummingbird

/// Puts the domain's refusals into the words of problems.
struct RefusalMiddleware: RouterMiddleware {
    typealias Context = AppContext

    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let refusal as Refusal {
            throw Problem(telling: refusal)
        } catch let invalid as InvalidDraft {
            throw Problem(telling: Refusal.invalid(invalid.faults))
        }
    }
}
