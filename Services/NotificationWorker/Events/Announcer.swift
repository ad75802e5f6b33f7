internal import EventBus
internal import Events
private import Metrics
internal import Postgres

/// Stores what is to be told and tells it by every channel but mail, which waits in its row; all in the transaction of
/// what caused it.
struct Announcer: Sendable {
    let writer: NotificationWriter
    let webhooks: WebhookQueue

    func announce(_ draft: NotificationDraft, _ transaction: PGTransaction, _ events: EventSink) async throws {
        guard let stored = try await writer.store(draft, transaction) else { return }
        if var invitation = draft.invitation, let room = draft.room, !stored.choice.mail {
            invitation.delivery = stored.choice.status
            invitation.deliveryNumber = stored.deliveryNumber
            invitation.reason = stored.choice.reason
            try await events.append(.deliveryChanged(invitation, room: room))
        }
        guard stored.isNew else { return }
        let event = Event.created(stored.notification, room: draft.room)
        if stored.choice.inApp { try await events.append(event) }
        try await webhooks.append(stored.notification, about: event.id, transaction)
        Counter(label: WorkerMetrics.notifications, dimensions: [("kind", draft.kind.rawValue)]).increment()
    }
}
