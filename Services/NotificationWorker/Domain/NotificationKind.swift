/// What a notification is about.
enum NotificationKind: String, Sendable, CaseIterable {
    /// Somebody was invited to a room. The only kind that is mailed.
    case invitation
    /// The mail of one's invitation did not arrive, or may not have.
    case invitationFailed = "invitation_failed"
    /// A member was banned from a room.
    case roomBan = "room_ban"
}
