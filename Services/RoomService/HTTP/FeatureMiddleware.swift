import HTTPSupport
import Hummingbird

/// Routes that are there for those alone for whom a feature is switched on; to others they are 404 `feature_disabled`.
struct FeatureMiddleware: RouterMiddleware {
    let flag: FeatureFlag
    let feature: String

    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        let caller = try context.who
        guard flag.isOn(for: caller.userID, isAdmin: caller.isAdmin, feature: feature) else {
            throw Problem(.featureDisabled)
        }
        return try await next(request, context)
    }
}
