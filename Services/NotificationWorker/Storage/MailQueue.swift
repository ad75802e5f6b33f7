internal import EventBus
internal import Events
internal import Foundation
internal import Identifiers
internal import Postgres
internal import ServiceSupport

/// A mail that this process works on, until it says how that ended or the lease runs out.
struct ClaimedMail: Sendable {
    var id: NotificationID
    var claim: UUID
    var invitation: InvitationFields
    var room: RoomRef
    var delivery: MailDelivery
    /// The request that caused it.
    var scope: RequestScope?
}

/// The mails still to be sent, shared by all instances: a row is claimed under a lease by the database's clock, and
/// every change of its status is announced in the transaction that makes it.
struct MailQueue: Sendable {
    let outbox: Outbox
    let pool: PGPool
    let announcer: Announcer
    let schedule: DeliverySchedule
    /// How long a claim holds without being renewed. What a killed process worked on is taken up again after that.
    let lease: Duration

    private static let columns = PGQuery(
        unescaped: """
            n.id, n.claim_id, n.invitation, n.room_id, n.room_code, n.status, n.attempts, n.last_error, n.due_at, \
            n.queued_at, n.handed_over_at, n.delivery_number, n.request_id, n.traceparent
            """)

    /// Takes the mail that has been due for longest; `nil` when none is. No two callers get the same one.
    func claim() async throws -> ClaimedMail? {
        try await outbox.transaction { transaction, events in
            guard
                let row = try await transaction.query(
                    """
                    SELECT \(Self.columns) FROM notifications n WHERE status = 'queued' AND due_at <= now()
                    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
                    """
                ).first
            else { return nil }
            var mail = try Self.mail(row)
            mail.claim = UUID()
            guard mail.delivery.apply(.claimed, at: .now(), schedule: schedule, spread: 0) else { return nil }
            mail.invitation.deliveryNumber += 1
            try await transaction.execute(
                """
                UPDATE notifications SET status = 'sending', attempts = \(mail.delivery.attempts), due_at = NULL,
                    claim_id = \(mail.claim), lease_until = now() + \(lease.seconds) * interval '1 second',
                    handed_over_at = NULL, delivery_number = \(mail.invitation.deliveryNumber)
                WHERE id = \(mail.id)
                """)
            try await events.append(mail.announcement)
            return mail
        }
    }

    /// Holds on to a claim for another lease; false when it is lost.
    func renew(_ mail: ClaimedMail) async throws -> Bool {
        try await pool.execute(
            """
            UPDATE notifications SET lease_until = now() + \(lease.seconds) * interval '1 second'
            WHERE id = \(mail.id) AND claim_id = \(mail.claim) AND status = 'sending' AND lease_until > now()
            """) == 1
    }

    /// Records that the mail server is about to have the mail, and renews the claim; false when it is lost, and then the
    /// mail must not be handed over.
    func markHandedOver(_ mail: ClaimedMail) async throws -> Bool {
        try await pool.execute(
            """
            UPDATE notifications SET handed_over_at = now(), lease_until = now() + \(lease.seconds) * interval '1 second'
            WHERE id = \(mail.id) AND claim_id = \(mail.claim) AND status = 'sending' AND lease_until > now()
            """) == 1
    }

    /// Records how an attempt ended. A claim that was taken away meanwhile has its say only where the mail was given up
    /// as uncertain.
    func settle(_ mail: ClaimedMail, _ occurrence: MailDelivery.Occurrence) async throws {
        try await outbox.transaction { transaction, events in
            let rows = try await transaction.query(
                """
                SELECT \(Self.columns) FROM notifications n
                WHERE id = \(mail.id) AND claim_id = \(mail.claim) FOR UPDATE
                """)
            guard let row = rows.first else { return }
            try await change(try Self.mail(row), occurrence, transaction, events)
        }
    }

    /// Takes up what killed or stuck processes left behind; answers how many mails that were.
    @discardableResult
    func recoverAbandoned() async throws -> Int {
        try await outbox.transaction { transaction, events in
            let rows = try await transaction.query(
                """
                SELECT \(Self.columns) FROM notifications n WHERE status = 'sending' AND lease_until < now()
                ORDER BY lease_until LIMIT 100 FOR UPDATE SKIP LOCKED
                """)
            for row in rows {
                let handedOverAt: Timestamp? = try row.get("handed_over_at")
                try await change(
                    try Self.mail(row), .abandoned(isHandedOver: handedOverAt != nil), transaction, events)
            }
            return rows.count
        }
    }

    /// How many mails are due and not taken up.
    func waiting() async throws -> Int {
        try await pool.query("SELECT count(*) FROM notifications WHERE status = 'queued' AND due_at <= now()")[0].get(0)
    }

    private func change(
        _ mail: ClaimedMail, _ occurrence: MailDelivery.Occurrence, _ transaction: PGTransaction, _ events: EventSink
    ) async throws {
        var mail = mail
        guard mail.delivery.apply(occurrence, at: .now(), schedule: schedule, spread: .random(in: 0...1)) else {
            return
        }
        mail.invitation.deliveryNumber += 1
        let delivery = mail.delivery
        try await transaction.execute(
            """
            UPDATE notifications SET status = \(delivery.status.rawValue), last_error = \(delivery.lastError),
                due_at = \(delivery.dueAt), lease_until = NULL, delivery_number = \(mail.invitation.deliveryNumber)
            WHERE id = \(mail.id)
            """)
        try await events.append(mail.announcement)
        if occurrence.isTroubling, delivery.status == .failed || delivery.status == .uncertain {
            try await announcer.announce(.init(undelivered: mail.report, in: mail.room), transaction, events)
        }
    }

    private static func mail(_ row: PGRow) throws -> ClaimedMail {
        guard let code = RoomCode(try row.get("room_code", as: String.self)) else {
            throw PGError(.decoding, "a mail without a room")
        }
        var invitation = try row.get("invitation", as: PGJSON<InvitationFields>.self).value
        invitation.deliveryNumber = try row.get("delivery_number", as: Int.self)
        return ClaimedMail(
            id: try row.get("id"), claim: try row.get("claim_id", as: UUID?.self) ?? UUID(), invitation: invitation,
            room: RoomRef(id: try row.get("room_id"), code: code),
            delivery: MailDelivery(
                status: try NotificationRow.status(row), attempts: try row.get("attempts", as: Int.self),
                lastError: try row.get("last_error"), dueAt: try row.get("due_at"), queuedAt: try row.get("queued_at")),
            scope: try row.get("request_id", as: String?.self).map {
                RequestScope(requestID: $0, traceparent: try row.get("traceparent"))
            })
    }
}

extension ClaimedMail {
    /// The invitation as the inviter is told of it now.
    var report: InvitationFields {
        var report = invitation
        report.delivery = delivery.status
        report.reason = delivery.lastError
        return report
    }

    var announcement: Event {
        var event = Event.deliveryChanged(report, room: room)
        event.requestId = scope?.requestID
        event.traceparent = scope?.traceparent
        return event
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
