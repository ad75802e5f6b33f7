internal import Events
internal import HTTPSupport
internal import Identifiers

/// Where a mail's particulars come from: the room service, which alone knows the token.
struct InvitationSource: Sendable {
    enum Answer: Sendable {
        case found(InternalAPI.InvitationMail)
        /// There is no such invitation, or not any more.
        case gone
        /// The room service cannot be asked now.
        case unavailable
    }

    let rooms: InternalClient

    func particulars(of invitation: InvitationID) async -> Answer {
        do {
            return .found(try await rooms.get("/internal/invitations/\(invitation)/mail"))
        } catch .refused {
            return .gone
        } catch {
            return .unavailable
        }
    }
}
