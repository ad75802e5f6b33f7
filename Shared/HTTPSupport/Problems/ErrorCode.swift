public import HTTPTypes

/// Every `code` a problem can have (contract, section 2), with the status it is answered with.
public enum ErrorCode: String, Sendable, CaseIterable {
    case invalidJSON = "invalid_json"
    case invalidInput = "invalid_input"
    case invalidCursor = "invalid_cursor"
    case unauthenticated
    case tokenExpired = "token_expired"
    case forbidden
    case accountBanned = "account_banned"
    case notAMember = "not_a_member"
    case banned
    case muted
    case invitationRequired = "invitation_required"
    case featureForbidden = "feature_forbidden"
    case roomNotFound = "room_not_found"
    case messageNotFound = "message_not_found"
    case userNotFound = "user_not_found"
    case invitationNotFound = "invitation_not_found"
    case sessionNotFound = "session_not_found"
    case notificationNotFound = "notification_not_found"
    case notFound = "not_found"
    case featureDisabled = "feature_disabled"
    case methodNotAllowed = "method_not_allowed"
    case roomFull = "room_full"
    case conflict
    case requestInFlight = "request_in_flight"
    case roomEnded = "room_ended"
    case sessionEnded = "session_ended"
    case invitationExpired = "invitation_expired"
    case staleVersion = "stale_version"
    case tooLarge = "too_large"
    case unsupportedMediaType = "unsupported_media_type"
    case idempotencyMismatch = "idempotency_mismatch"
    case rateLimited = "rate_limited"
    case databaseUnavailable = "database_unavailable"
    case `internal`
    case unavailable

    public var status: HTTPResponse.Status {
        switch self {
        case .invalidJSON, .invalidInput, .invalidCursor: .badRequest
        case .unauthenticated, .tokenExpired: .unauthorized
        case .forbidden, .accountBanned, .notAMember, .banned, .muted, .invitationRequired, .featureForbidden:
            .forbidden
        case .roomNotFound, .messageNotFound, .userNotFound, .invitationNotFound, .sessionNotFound,
            .notificationNotFound, .notFound, .featureDisabled:
            .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .roomFull, .conflict, .requestInFlight: .conflict
        case .roomEnded, .sessionEnded, .invitationExpired: .gone
        case .staleVersion: .preconditionFailed
        case .tooLarge: .contentTooLarge
        case .unsupportedMediaType: .unsupportedMediaType
        case .idempotencyMismatch: .unprocessableContent
        case .rateLimited: .tooManyRequests
        case .databaseUnavailable, .internal: .internalServerError
        case .unavailable: .serviceUnavailable
        }
    }

    /// Whether the same request may succeed later without the caller changing anything.
    public var isRetryable: Bool {
        switch self {
        case .requestInFlight, .rateLimited, .databaseUnavailable, .unavailable: true
        default: false
        }
    }

    /// What the problem is, in a few words that are the same each time.
    public var title: String {
        switch self {
        case .invalidJSON: "The body is not a JSON object"
        case .invalidInput: "The input is not valid"
        case .invalidCursor: "The cursor is not valid"
        case .unauthenticated: "Authentication is needed"
        case .tokenExpired: "The token has expired"
        case .forbidden: "Not allowed"
        case .accountBanned: "The account is banned"
        case .notAMember: "Not a member of the room"
        case .banned: "Banned from the room"
        case .muted: "Muted in the room"
        case .invitationRequired: "An invitation is needed"
        case .featureForbidden: "The plan does not include this"
        case .roomNotFound: "No such room"
        case .messageNotFound: "No such message"
        case .userNotFound: "No such user"
        case .invitationNotFound: "No such invitation"
        case .sessionNotFound: "No such session"
        case .notificationNotFound: "No such notification"
        case .notFound: "Not found"
        case .featureDisabled: "The feature is switched off"
        case .methodNotAllowed: "The method is not allowed here"
        case .roomFull: "The room is full"
        case .conflict: "Conflict with the present state"
        case .requestInFlight: "The same request is being worked on"
        case .roomEnded: "The room has ended"
        case .sessionEnded: "The session has ended"
        case .invitationExpired: "The invitation has expired"
        case .staleVersion: "The version is stale"
        case .tooLarge: "The body is too large"
        case .unsupportedMediaType: "The content type is not supported"
        case .idempotencyMismatch: "The key was used with another body"
        case .rateLimited: "Too many requests"
        case .databaseUnavailable: "The database is unavailable"
        case .internal: "Unexpected fault"
        case .unavailable: "A service is away"
        }
    }
}
