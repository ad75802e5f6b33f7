internal import Auth
internal import Foundation
internal import SMTP
public import ServiceSupport

/// What the worker is told by its environment.
public struct NotificationSettings: Sendable {
    var common: CommonSettings
    var auth: AuthSettings
    /// `nil`: mails are written to `mailDirectory`.
    var smtp: SMTPConfiguration?
    var smtpConnections: Int
    var mailDirectory: String
    var mailFrom: Mailbox
    var mailLease: Duration
    var mailRetry: DeliverySchedule
    var webhookURLs: [String]
    var webhookSecret: String
    var webhookAllowPrivate: Bool
    var restPerSecond: Double
    var restBurst: Int

    public init(_ settings: Settings) {
        common = CommonSettings(settings, defaultPort: 8084)
        auth = AuthSettings(settings)
        if let url = settings.optional("SMTP_URL") {
            do {
                smtp = try SMTPConfiguration(url: url)
                smtp?.connectTimeout = settings.duration(
                    "SMTP_CONNECT_SECONDS", default: .seconds(10), unit: .seconds(1))
                smtp?.deadline = settings.duration("SMTP_DEADLINE_SECONDS", default: .seconds(60), unit: .seconds(1))
            } catch {
                settings.fault("SMTP_URL \(error)")
            }
        }
        smtpConnections = settings.int("SMTP_CONNECTIONS", default: 4, in: 1...64)
        mailDirectory = settings.string("MAIL_DIR", default: "mail")
        let standard = Mailbox("Parlor <noreply@localhost>")
        guard let standard else { preconditionFailure("the standard sender is a mailbox") }
        mailFrom = settings.parse("MAIL_FROM", default: standard, "an address, or Name <address>") { Mailbox($0) }
        mailLease = settings.duration("MAIL_LEASE_SECONDS", default: .seconds(10), unit: .seconds(1), in: 1...3600)
        mailRetry = DeliverySchedule(
            giveUpAfter: settings.duration("MAIL_GIVE_UP_HOURS", default: .seconds(24 * 3600), unit: .seconds(3600)))
        webhookURLs = settings.list("WEBHOOK_URL")
        webhookSecret = settings.string("WEBHOOK_SECRET", default: "")
        webhookAllowPrivate = settings.bool("WEBHOOK_ALLOW_PRIVATE", default: false)
        restPerSecond = settings.double("REST_RATE", default: 50, in: 0.01...1e6)
        restBurst = settings.int("REST_BURST", default: 200, in: 1...1_000_000)
        if !webhookURLs.isEmpty, webhookSecret.isEmpty {
            settings.fault("WEBHOOK_SECRET is missing (WEBHOOK_URL is set)")
        }
        for url in webhookURLs where WebhookSender(url: url, secret: "", allowPrivate: false) == nil {
            settings.fault("WEBHOOK_URL must be http:// or https:// without credentials")
        }
    }
}
