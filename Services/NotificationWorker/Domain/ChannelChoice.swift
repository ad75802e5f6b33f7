internal import Events
internal import Identifiers

/// By which channels a notification goes out, and what an inviter is told of the mail from the start.
struct ChannelChoice: Sendable, Equatable {
    /// Listed under `/notifications` and pushed to `/ws/status`.
    var inApp: Bool
    var mail: Bool
    /// The mail's status at first, or for good when there is none.
    var status: DeliveryStatus
    var reason: String?

    /// Weighs what is to be told against what the recipient wants.
    ///
    /// An invitation that is not mailed because its recipient reads notifications in the app counts as `sent`; one that
    /// reaches them by no channel as `failed`. They can still find it among their invitations.
    init(_ draft: NotificationDraft, preferences: Preferences) {
        let isMuted = preferences.mutes(draft.room?.id)
        inApp = preferences.inApp && !isMuted
        mail = draft.kind == .invitation && preferences.email && !isMuted
        if mail {
            status = .queued
        } else if inApp || draft.kind != .invitation {
            status = .sent
        } else {
            status = .failed
            reason = "the recipient does not want to be notified"
        }
    }
}
