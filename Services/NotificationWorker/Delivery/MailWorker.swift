internal import Events
internal import HTTPSupport
internal import Identifiers
internal import Logging
private import Metrics
internal import SMTP
internal import ServiceLifecycle
internal import ServiceSupport

/// Sends the mails that are due, several at a time, each over its own transport.
///
/// Killed at any step it leaves one mail: until the mail server gets the final dot, the row says that it may be sent
/// again; from right before the dot, it says that it may not.
struct MailWorker: Service {
    let queue: MailQueue
    let source: InvitationSource
    let mailer: InvitationMailer
    let transports: [any MailTransport]
    let health: Health
    let logger: Logger
    /// How soon a mail that has become due is noticed.
    var interval: Duration = .milliseconds(200)

    static let job = "mail"

    func run() async throws {
        let wakeup = Wakeup()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await recover() }
                for (index, transport) in transports.enumerated() {
                    // The first looks for work; it rouses the others when there is some.
                    group.addTask { await work(transport, wakeup, looksFor: index == 0 ? interval : .seconds(60)) }
                }
            }
        }
        for transport in transports { await transport.close() }
    }

    private func work(_ transport: any MailTransport, _ wakeup: Wakeup, looksFor interval: Duration) async {
        while !Task.isCancelled {
            do {
                if let mail = try await queue.claim() {
                    wakeup.call()
                    // What is claimed is brought to an end, also while the service is being stopped.
                    await Background.run("mail", deadline: .seconds(90), logger: logger) {
                        await RequestScope.$current.withValue(mail.scope) { await process(mail, transport) }
                    }.value
                    health.ran(job: Self.job, at: .now(), error: nil)
                    continue
                }
                health.ran(job: Self.job, at: .now(), error: nil)
            } catch is CancellationError {
                return
            } catch {
                health.ran(job: Self.job, at: .now(), error: error)
                logger.warning("mails cannot be read", metadata: [LogKeys.error: "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
            await wakeup.wait(atMost: interval)
        }
    }

    /// Brings one mail to an end, renewing the claim meanwhile.
    private func process(_ mail: ClaimedMail, _ transport: any MailTransport) async {
        let occurrence = await withTaskGroup(of: MailDelivery.Occurrence?.self) { group in
            group.addTask { await attempt(mail, transport) }
            group.addTask { await keepClaim(mail) }
            var result: MailDelivery.Occurrence?
            while result == nil, let next = await group.next() { result = next }
            group.cancelAll()
            return result
        }
        guard let occurrence else { return }
        await settle(mail, occurrence)
    }

    private func attempt(_ mail: ClaimedMail, _ transport: any MailTransport) async -> MailDelivery.Occurrence {
        let invitation: InternalAPI.InvitationMail
        switch await source.particulars(of: mail.invitation.invitationId) {
        case .found(let found): invitation = found
        case .gone: return .calledOff("the invitation does not exist any more")
        case .unavailable: return .refusedForNow("the room service is away")
        }
        guard invitation.status == .pending else { return .calledOff(invitation.status.rawValue) }
        guard invitation.expiresAt > .now() else { return .calledOff(InvitationStatus.expired.rawValue) }
        guard let address = MailAddress(invitation.email) else { return .refused("the address cannot be mailed to") }
        let message = mailer.message(invitation, to: address, queuedAt: mail.delivery.queuedAt)
        let outcome = await transport.send(message) {
            // A lost claim or database keeps the mail back: whoever has the claim now will send it.
            (try? await queue.markHandedOver(mail)) ?? false
        }
        switch outcome {
        case .accepted: return .accepted
        case .temporary(let failure): return .refusedForNow(failure.message)
        case .permanent(let failure): return .refused(failure.message)
        case .uncertain(let failure): return .lostTrack(failure.message)
        }
    }

    /// Ends by cancellation, or when the claim is lost.
    private func keepClaim(_ mail: ClaimedMail) async -> MailDelivery.Occurrence? {
        while (try? await Task.sleep(for: queue.lease / 3)) != nil {
            if let isOurs = try? await queue.renew(mail), !isOurs { break }
        }
        return nil
    }

    /// Records how it ended, for as long as that may help: while it is not recorded, a mail that was sent counts as
    /// uncertain.
    private func settle(_ mail: ClaimedMail, _ occurrence: MailDelivery.Occurrence) async {
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(2))
        for _ in 0..<30 {
            do {
                try await queue.settle(mail, occurrence)
                count(occurrence)
                log(mail, occurrence)
                return
            } catch {
                logger.warning("the end of a mail is not recorded yet", metadata: [LogKeys.error: "\(error)"])
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    /// Takes up what others left behind.
    private func recover() async {
        while !Task.isCancelled {
            do {
                let count = try await queue.recoverAbandoned()
                Meter(label: WorkerMetrics.mailsWaiting).set(try await queue.waiting())
                if count > 0 { logger.notice("took up abandoned mails", metadata: ["count": "\(count)"]) }
            } catch {
                logger.debug("abandoned mails cannot be read", metadata: [LogKeys.error: "\(error)"])
            }
            try? await Task.sleep(for: min(queue.lease / 4, .seconds(2)))
        }
    }

    private func count(_ occurrence: MailDelivery.Occurrence) {
        Counter(label: WorkerMetrics.mails, dimensions: [("outcome", occurrence.outcome)]).increment()
    }

    private func log(_ mail: ClaimedMail, _ occurrence: MailDelivery.Occurrence) {
        logger.info(
            "mail_attempted",
            metadata: [
                "notificationId": "\(mail.id)", "invitationId": "\(mail.invitation.invitationId)",
                LogKeys.roomID: "\(mail.room.code)", "outcome": "\(occurrence.outcome)",
                "attempts": "\(mail.delivery.attempts)",
            ])
    }
}

extension MailDelivery.Occurrence {
    /// One word for metrics and logs.
    var outcome: String {
        switch self {
        case .claimed: "claimed"
        case .accepted: "accepted"
        case .refusedForNow: "temporary"
        case .refused: "permanent"
        case .calledOff: "called_off"
        case .lostTrack, .abandoned: "uncertain"
        }
    }
}
