internal import EventBus
internal import Events
internal import Identifiers
internal import Postgres
private import ServiceSupport

/// Stores what events ask for, within the transaction that marks the event as handled.
struct NotificationWriter: Sendable {
    /// What becomes of a draft, for who stores and announces it.
    struct Stored: Sendable {
        var notification: NotificationView
        var choice: ChannelChoice
        /// False for a repeat of an invitation that is known: its mail begins anew, nothing else is told again.
        var isNew: Bool
        /// What the inviter was told so far.
        var deliveryNumber: Int
    }

    /// Stores a notification, or begins the mail of a known invitation anew when it was invited again.
    ///
    /// - Returns: `nil` when there is nothing to do: that invitation, with that repeat, has its row already.
    func store(_ draft: NotificationDraft, _ transaction: PGTransaction) async throws -> Stored? {
        let preferences = try await PreferenceStore.preferences(
            of: draft.userID, address: draft.email, in: transaction)
        let choice = ChannelChoice(draft, preferences: preferences)
        let repeatNumber = draft.invitation?.repeatNumber ?? 0
        let now = Timestamp.now()
        let rows = try await transaction.query(
            """
            INSERT INTO notifications AS n (
                id, user_id, email, kind, title, payload, room_id, room_code, in_app, created_at,
                invitation_id, invitation, repeat_number, status, last_error, delivery_number, queued_at, due_at,
                request_id, traceparent)
            VALUES (\(NotificationID.new()), \(draft.userID), \(draft.email), \(draft.kind.rawValue), \(draft.title),
                \(PGJSON(draft.payload)), \(draft.room?.id), \(draft.room?.code.description), \(choice.inApp), \(now),
                \(draft.invitation?.invitationId), \(draft.invitation.map { PGJSON($0) }), \(repeatNumber)::integer,
                \(choice.status.rawValue), \(choice.reason), \(choice.mail ? 0 : 1)::integer, \(now), \(choice.mail ? now : nil),
                \(RequestScope.current?.requestID), \(RequestScope.current?.traceparent))
            ON CONFLICT (invitation_id) DO UPDATE SET
                invitation = excluded.invitation, payload = excluded.payload, repeat_number = excluded.repeat_number,
                status = excluded.status, attempts = 0, last_error = excluded.last_error,
                delivery_number = n.delivery_number + excluded.delivery_number, queued_at = excluded.queued_at,
                due_at = excluded.due_at, claim_id = NULL, lease_until = NULL, handed_over_at = NULL,
                request_id = excluded.request_id, traceparent = excluded.traceparent
            WHERE n.repeat_number < excluded.repeat_number
            RETURNING \(NotificationRow.columns), created_at = \(now) AS is_new, delivery_number
            """)
        guard let row = rows.first else { return nil }
        return Stored(
            notification: try NotificationRow.view(row), choice: choice, isNew: try row.get("is_new"),
            deliveryNumber: try row.get("delivery_number", as: Int.self))
    }

    /// An invitation that was answered needs no attention any more: its notification counts as read.
    func markAnswered(_ invitation: InvitationID, _ transaction: PGTransaction) async throws {
        try await transaction.execute(
            "UPDATE notifications SET read_at = now() WHERE invitation_id = \(invitation) AND read_at IS NULL")
    }
}
