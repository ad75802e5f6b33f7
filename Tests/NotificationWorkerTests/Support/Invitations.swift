import Events
import Foundation
import Identifiers
import TestSupport

/// An invitation as the room service announces it, and as it tells its particulars.
struct Invited: Sendable {
    var fields: InvitationFields
    var room: RoomRef
    var mail: InternalAPI.InvitationMail

    init(
        _ email: String, roomName: String? = "Friday", inviter: String = "Ada", invitedBy: UserID = .new(),
        repeatNumber: Int = 0, room: RoomRef = RoomRef(id: .new(), code: .random()), id: InvitationID = .new()
    ) {
        self.room = room
        let expiry = Timestamp.now() + .seconds(7 * 86_400)
        fields = InvitationFields(
            invitationId: id, email: email, status: .pending, delivery: .queued, invitedBy: invitedBy,
            roomName: roomName, expiresAt: expiry, repeatNumber: repeatNumber)
        mail = InternalAPI.InvitationMail(
            invitationId: id, token: "tok_\(UUID().uuidString)", roomId: room.code, roomName: roomName, email: email,
            inviterName: inviter, status: .pending, expiresAt: expiry, repeatNumber: repeatNumber)
    }

    var id: InvitationID { fields.invitationId }

    func event(id: EventID = .new(), to user: UserID? = nil) -> Event {
        Event(
            id: id, body: .invitationCreated(fields), room: room, userId: fields.invitedBy, targetUserId: user,
            requestId: "request-1")
    }

    /// The invitation after it was made again.
    func repeated() -> Invited {
        var copy = self
        copy.fields.repeatNumber += 1
        copy.mail.repeatNumber += 1
        return copy
    }
}

extension Worker {
    /// Makes an invitation known to the room service and announces it.
    @discardableResult
    func invite(_ invited: Invited, to user: UserID? = nil) async throws -> Invited {
        rooms.set(invited.mail)
        try await publish(invited.event(to: user))
        return invited
    }

    /// Waits until the mail's status is `status`, and answers all that were told before.
    @discardableResult
    func waitFor(_ status: DeliveryStatus, of invitation: InvitationID) async throws -> [InvitationFields] {
        try await eventually("\(invitation) is \(status)") {
            events.deliveries(of: invitation).last?.delivery == status
        }
        return events.deliveries(of: invitation)
    }
}
