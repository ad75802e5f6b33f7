import HTTPSupport
import Postgres

extension Problem {
    /// What a refusal means to the caller. The label keeps it apart from the initializer that takes a code of the same name.
    init(telling refusal: Refusal) {
        switch refusal {
        case .roomNotFound: self.init(.roomNotFound)
        case .messageNotFound: self.init(.messageNotFound)
        case .notAMember: self.init(.notAMember)
        case .banned: self.init(.banned)
        case .muted: self.init(.muted)
        case .forbidden(let reason): self.init(.forbidden, reason)
        case .roomEnded: self.init(.roomEnded)
        case .invalid(let faults): self = .invalid(faults.map { FieldError(field: $0.field, message: $0.message) })
        case .parentNotFound: self.init(.messageNotFound, "The message that parentId names is not in this room.")
        case .conflict(let reason): self.init(.conflict, reason)
        case .mismatched: self.init(.idempotencyMismatch, "The clientMessageId was used with another body.")
        case .repeatedText(let retryAfter):
            self.init(.rateLimited, "The same text was sent too often.", retryAfter: retryAfter)
        case .rateLimited(let retryAfter): self.init(.rateLimited, retryAfter: retryAfter)
        case .unavailable: self.init(.unavailable, retryAfter: .seconds(1))
        case .databaseUnavailable: self.init(.databaseUnavailable, retryAfter: .seconds(1))
        }
    }

    /// What anything thrown on the way to a message means to its sender.
    init(refusing error: any Error) {
        switch error {
        case let refusal as Refusal: self.init(telling: refusal)
        case let invalid as InvalidDraft: self.init(telling: Refusal.invalid(invalid.faults))
        case let error as PGError where error.isUnavailable: self.init(.databaseUnavailable, retryAfter: .seconds(1))
        default: self = Problem(describing: error) ?? Problem(.internal)
        }
    }
}
