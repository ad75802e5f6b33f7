internal import ServiceSupport

/// The metrics of this service alone.
enum WorkerMetrics {
    static let mails = "mail_attempts_total"
    static let webhooks = "webhook_attempts_total"
    static let notifications = "notifications_created_total"
    static let mailsWaiting = "mails_waiting"

    static func declare() {
        MetricNames.declare(counters: [mails, webhooks, notifications], gauges: [mailsWaiting])
    }
}
