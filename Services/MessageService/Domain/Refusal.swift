import Identifiers

/// Why this service does not do what somebody asked. Rendered as a problem over HTTP and as an error frame on sockets.
enum Refusal: Error, Equatable {
    case roomNotFound
    case messageNotFound
    case notAMember
    case banned
    case muted
    case forbidden(String)
    case roomEnded
    case invalid([FieldFault])
    case parentNotFound
    case conflict(String)
    /// The same `clientMessageId` with another body.
    case mismatched
    case repeatedText(retryAfter: Duration)
    case rateLimited(retryAfter: Duration)
    /// The room service cannot be asked, so nobody may be refused.
    case unavailable
    case databaseUnavailable

    /// Whether the room service may know better, and must be asked before anybody hears this.
    var mayBeStale: Bool {
        switch self {
        case .roomNotFound, .notAMember, .banned, .muted, .forbidden, .roomEnded: true
        default: false
        }
    }
}
