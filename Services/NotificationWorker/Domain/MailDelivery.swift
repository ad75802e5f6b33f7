internal import Events
internal import Identifiers

/// How far one mail has got: `queued → sending → sent | failed | uncertain`, and back to `queued` for another attempt.
///
/// Knows no database and no clock: what happened goes in, what to store and announce comes out.
struct MailDelivery: Sendable, Equatable {
    private(set) var status: DeliveryStatus
    /// Begun so far.
    private(set) var attempts: Int
    private(set) var lastError: String?
    /// When a queued mail is due.
    private(set) var dueAt: Timestamp?
    /// When this mail, or its present repeat, was first queued.
    let queuedAt: Timestamp

    init(
        status: DeliveryStatus = .queued, attempts: Int = 0, lastError: String? = nil, dueAt: Timestamp?,
        queuedAt: Timestamp
    ) {
        self.status = status
        self.attempts = attempts
        self.lastError = lastError
        self.dueAt = dueAt
        self.queuedAt = queuedAt
    }

    enum Occurrence: Sendable, Equatable {
        /// A worker took it up.
        case claimed
        /// The server has it.
        case accepted
        /// Not this time.
        case refusedForNow(String)
        /// Never, for this reason.
        case refused(String)
        /// The invitation came to its end first, in this way.
        case calledOff(String)
        /// It was handed over and nobody knows what became of it.
        case lostTrack(String)
        /// Whoever worked on it has not been heard of since its lease ended.
        case abandoned(isHandedOver: Bool)

        /// Whether an inviter whose mail fails by it would want to know.
        var isTroubling: Bool { if case .calledOff = self { false } else { true } }
    }

    /// Applies what happened.
    ///
    /// - Returns: whether anything changed, so that it is to be stored and told to the inviter. What cannot happen in the
    ///   present state changes nothing: a mail that is sent stays sent, whatever is heard of it later.
    mutating func apply(
        _ occurrence: Occurrence, at now: Timestamp, schedule: DeliverySchedule, spread: Double
    ) -> Bool {
        switch (status, occurrence) {
        case (.queued, .claimed):
            become(.sending)
            attempts += 1
        case (.sending, .accepted), (.uncertain, .accepted):
            become(.sent)
        case (.sending, .refusedForNow(let reason)):
            if let next = schedule.next(afterAttempts: attempts, begunAt: queuedAt, now: now, spread: spread) {
                become(.queued, because: reason, dueAt: next)
            } else {
                become(.failed, because: reason)
            }
        case (.sending, .refused(let reason)), (.uncertain, .refused(let reason)), (.sending, .calledOff(let reason)):
            become(.failed, because: reason)
        case (.sending, .lostTrack(let reason)):
            become(.uncertain, because: reason)
        case (.sending, .abandoned(isHandedOver: true)):
            become(.uncertain, because: "handed to the mail server, then interrupted before its answer was recorded")
        case (.sending, .abandoned(isHandedOver: false)):
            // The server has no final dot from us, so sending it again makes no second mail.
            become(.queued, because: lastError, dueAt: now)
        default:
            return false
        }
        return true
    }

    private mutating func become(_ status: DeliveryStatus, because reason: String? = nil, dueAt: Timestamp? = nil) {
        self.status = status
        self.dueAt = dueAt
        lastError = status == .sending ? lastError : reason
    }
}
