internal import EventBus
internal import Events
internal import Postgres

/// Turns events into notifications. Runs within the transaction that marks the event as handled, so each is handled
/// once, however often it comes.
struct NotificationHandler: Sendable {
    let announcer: Announcer

    func handle(_ event: Event, _ transaction: PGTransaction, _ events: EventSink) async throws {
        switch event.body {
        case .invitationAccepted(let invitation), .invitationDeclined(let invitation):
            try await announcer.writer.markAnswered(invitation.invitationId, transaction)
        default:
            for draft in NotificationDraft.drafts(of: event) {
                try await announcer.announce(draft, transaction, events)
            }
        }
    }
}
