internal import Events
internal import Identifiers

/// A notification that an event asks for, before anybody's preferences are looked at.
struct NotificationDraft: Sendable, Equatable {
    var userID: UserID?
    /// Lower case; set for invitations, which may be for somebody without an account.
    var email: String?
    var kind: NotificationKind
    var title: String
    var payload: [String: JSONValue]
    var room: RoomRef?
    var invitation: InvitationFields?

    /// What `event` is worth telling, and to whom; nothing for most events.
    static func drafts(of event: Event) -> [NotificationDraft] {
        switch (event.body, event.room) {
        case (.invitationCreated(let invitation), let room?):
            [NotificationDraft(invitation, to: event.targetUserId, in: room)]
        // A fact passes twice; the second time it is an entry of the timeline.
        case (.timeline(.memberBanned(let member, let reason, let until)), let room?) where event.seq == nil:
            [NotificationDraft(banOf: member.userId, from: room, reason: reason, until: until)]
        default: []
        }
    }

    private init(_ invitation: InvitationFields, to user: UserID?, in room: RoomRef) {
        userID = user
        email = invitation.email.lowercased()
        kind = .invitation
        title = "Invitation to \(invitation.roomName ?? room.code.description)"
        payload = Self.payload(of: invitation, in: room).merging([
            "invitedBy": .string(invitation.invitedBy.description),
            "expiresAt": .string(invitation.expiresAt.description),
        ]) { $1 }
        self.room = room
        self.invitation = invitation
    }

    private init(banOf user: UserID, from room: RoomRef, reason: String?, until: Timestamp?) {
        userID = user
        kind = .roomBan
        title = "You were banned from \(room.code)"
        payload = [
            "roomId": .string(room.code.description),
            "reason": reason.map(JSONValue.string) ?? .null,
            "until": until.map { .string($0.description) } ?? .null,
        ]
        self.room = room
    }

    /// For the inviter, whose invitation did not arrive, or may not have.
    init(undelivered invitation: InvitationFields, in room: RoomRef) {
        userID = invitation.invitedBy
        kind = .invitationFailed
        title =
            invitation.delivery == .uncertain
            ? "Your invitation to \(invitation.email) may not have arrived"
            : "Your invitation to \(invitation.email) could not be delivered"
        payload = Self.payload(of: invitation, in: room).merging([
            "email": .string(invitation.email),
            "delivery": .string(invitation.delivery.rawValue),
            "reason": invitation.reason.map(JSONValue.string) ?? .null,
        ]) { $1 }
        self.room = room
    }

    private static func payload(of invitation: InvitationFields, in room: RoomRef) -> [String: JSONValue] {
        [
            "invitationId": .string(invitation.invitationId.description),
            "roomId": .string(room.code.description),
            "roomName": invitation.roomName.map(JSONValue.string) ?? .null,
        ]
    }
}
