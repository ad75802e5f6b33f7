import HTTPSupport
import HTTPTypes
import Hummingbird

extension Refusal {
    /// What a caller is told.
    var problem: Problem {
        switch self {
        case .conflict(let reason): Problem(ErrorCode.conflict, reason)
        case .planTooSmall(let cap): Problem(ErrorCode.featureForbidden, "The plan allows rooms of at most \(cap)")
        case .staleVersion(let current): Problem(ErrorCode.staleVersion, headers: [.eTag: "\"\(current)\""])
        case .invalid(let faults): .invalid(faults.map { FieldError(field: $0.field, message: $0.message) })
        default: Problem(code)
        }
    }

    private var code: ErrorCode {
        switch self {
        case .forbidden: .forbidden
        case .notAMember: .notAMember
        case .banned: .banned
        case .invitationRequired: .invitationRequired
        case .planTooSmall: .featureForbidden
        case .roomNotFound: .roomNotFound
        case .userNotFound: .userNotFound
        case .invitationNotFound: .invitationNotFound
        case .sessionNotFound: .sessionNotFound
        case .nothingThere: .notFound
        case .roomFull: .roomFull
        case .conflict: .conflict
        case .roomEnded: .roomEnded
        case .sessionEnded: .sessionEnded
        case .invitationExpired: .invitationExpired
        case .staleVersion: .staleVersion
        case .invalid: .invalidInput
        }
    }
}

/// Tells what the domain refuses as the problem it is to a caller.
struct RefusalMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let refusal as Refusal {
            throw refusal.problem
        }
    }
}
