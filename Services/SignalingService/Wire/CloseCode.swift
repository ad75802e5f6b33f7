/// Why a socket is closed (contract, section 5): 4000–4099 do not retry as is, 4100–4199 back off, 4200–4299
/// reconnect at once.
enum CloseCode: UInt16, Sendable, CaseIterable {
    case normal = 1000
    case protocolError = 1002
    case unauthenticated = 4001
    case accountBanned = 4002
    case notAMember = 4003
    case roomNotFound = 4004
    case roomEnded = 4005
    case noLongerAuthorised = 4006
    case roomFull = 4007
    case replaced = 4009
    case badFrame = 4010
    case rateLimited = 4100
    case slowConsumer = 4101
    case unavailable = 4102
    case draining = 4200
    case resumeRequired = 4201

    /// A word for metrics, logs and the close frame.
    var reason: String {
        switch self {
        case .normal: "bye"
        case .protocolError: "protocol_error"
        case .unauthenticated: "unauthenticated"
        case .accountBanned: "account_banned"
        case .notAMember: "not_a_member"
        case .roomNotFound: "room_not_found"
        case .roomEnded: "room_ended"
        case .noLongerAuthorised: "no_longer_authorised"
        case .roomFull: "room_full"
        case .replaced: "replaced"
        case .badFrame: "bad_frame"
        case .rateLimited: "rate_limited"
        case .slowConsumer: "slow_consumer"
        case .unavailable: "unavailable"
        case .draining: "draining"
        case .resumeRequired: "resume_required"
        }
    }
}
