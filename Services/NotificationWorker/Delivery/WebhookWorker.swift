private import Events
internal import HTTPSupport
internal import Identifiers
internal import Logging
private import Metrics
internal import Postgres
internal import ServiceLifecycle
internal import ServiceSupport

/// Tells one webhook receiver what has happened, apart from everything else: its troubles cost nobody but itself.
struct WebhookWorker: Service {
    let target: String
    let sender: WebhookSender
    let queue: WebhookQueue
    let pool: PGPool
    let health: Health
    let logger: Logger
    var schedule = DeliverySchedule()
    var breaker = CircuitBreaker()
    var interval: Duration = .milliseconds(500)

    static let job = "webhooks"
    /// How many posts go out at a time.
    private static let width = 4
    /// Longer than a post may take.
    private static let lease: Duration = .seconds(30)

    func run() async throws {
        await cancelWhenGracefulShutdown { await loop() }
        await sender.close()
    }

    private func loop() async {
        var breaker = breaker
        while !Task.isCancelled {
            do {
                let isMore = try await round(&breaker)
                health.ran(job: Self.job, at: .now(), error: nil)
                if isMore { continue }
            } catch {
                health.ran(job: Self.job, at: .now(), error: error)
                logger.warning("webhooks cannot be read", metadata: [LogKeys.error: "\(error)"])
            }
            try? await Task.sleep(for: interval)
        }
    }

    /// Posts what is due, or one probe while the receiver is in doubt; answers whether there may be more.
    private func round(_ breaker: inout CircuitBreaker) async throws -> Bool {
        guard breaker.admits(at: .now()) else { return false }
        let width = if case .closed = breaker.state { Self.width } else { 1 }
        let due = try await queue.claim(target, limit: width, lease: Self.lease, pool)
        if due.isEmpty, case .probing = breaker.state { breaker.failed(at: .now() - .seconds(3600)) }
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for delivery in due { group.addTask { await post(delivery) } }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        for isDelivered in outcomes {
            if isDelivered { breaker.succeeded() } else { breaker.failed(at: .now()) }
        }
        return due.count == width
    }

    private func post(_ delivery: WebhookDelivery) async -> Bool {
        do {
            try await sender.post(delivery)
            try await queue.delivered(delivery, pool)
            Counter(label: WorkerMetrics.webhooks, dimensions: [("outcome", "delivered")]).increment()
            return true
        } catch {
            let reason = (error as? WebhookSender.Refused)?.description ?? "\(type(of: error))"
            let next = schedule.next(
                afterAttempts: delivery.attempts, begunAt: delivery.queuedAt, now: .now(), spread: .random(in: 0...1))
            Counter(label: WorkerMetrics.webhooks, dimensions: [("outcome", next == nil ? "given_up" : "failed")])
                .increment()
            logger.notice(
                "webhook not delivered",
                metadata: [
                    LogKeys.requestID: "\(delivery.requestID ?? "-")", LogKeys.eventID: "\(EventID(delivery.eventID))",
                    "receiver": "\(sender.host)", "reason": "\(reason)", "attempts": "\(delivery.attempts)",
                ])
            try? await queue.failed(delivery, reason, next: next, pool)
            return false
        }
    }
}
