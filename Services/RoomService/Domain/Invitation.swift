import Events
import Identifiers

/// Somebody's way into a room, sent to an address.
struct Invitation: Sendable, Equatable {
    var id: InvitationID
    var roomID: RoomID
    var email: String
    var emailKey: String
    var invitedBy: UserID
    /// As stored; ``status(at:)`` is what holds.
    var storedStatus: InvitationStatus
    var delivery: DeliveryStatus
    /// How often it was mailed again.
    var repeatNumber: Int
    var mailedAt: Timestamp
    var createdAt: Timestamp
    var expiresAt: Timestamp
    var answeredBy: UserID?

    static let lifetime: Duration = .seconds(7 * 86_400)
    /// A pending invitation is not mailed again sooner.
    static let mailInterval: Duration = .seconds(600)

    func status(at now: Timestamp) -> InvitationStatus {
        storedStatus == .pending && expiresAt <= now ? .expired : storedStatus
    }

    func mayBeMailedAgain(at now: Timestamp) -> Bool { now.since(mailedAt) >= Self.mailInterval }

    /// What an answer to it meets.
    enum Answering: Equatable {
        /// Pending: the answer counts.
        case open
        /// The same person gave the same answer before.
        case repeated
    }

    /// - Throws: ``Refusal/invitationExpired`` once expired or withdrawn, a conflict once answered otherwise.
    func answering(_ answer: InvitationStatus, by user: UserID, at now: Timestamp) throws(Refusal) -> Answering {
        switch status(at: now) {
        case .pending: return .open
        case .withdrawn, .expired: throw .invitationExpired
        case let given where given == answer && answeredBy == user: return .repeated
        case let given: throw .conflict("the invitation was \(given.rawValue) already")
        }
    }

    func view(code: RoomCode, roomName: String?, at now: Timestamp) -> InvitationView {
        InvitationView(
            invitationId: id, roomId: code, roomName: roomName, email: email, invitedBy: invitedBy,
            status: status(at: now), delivery: delivery, createdAt: createdAt, expiresAt: expiresAt)
    }

    /// What events tell of it.
    func fields(roomName: String?) -> InvitationFields {
        InvitationFields(
            invitationId: id, email: email, status: storedStatus, delivery: delivery, invitedBy: invitedBy,
            roomName: roomName, expiresAt: expiresAt, repeatNumber: repeatNumber)
    }
}
