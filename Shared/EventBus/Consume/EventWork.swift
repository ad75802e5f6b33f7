internal import AMQP
internal import Events
internal import Identifiers
internal import Logging
internal import Postgres
internal import ServiceSupport

/// What becomes of a work queue's deliveries: handled, retried later, or given up.
struct EventWork: Sendable {
    let queue: String
    let retries: RetrySchedule
    let publisher: AMQPPublisher
    let logger: Logger
    let handle: @Sendable ([Event]) async throws -> Void

    // MARK: - One delivery

    func settle(_ delivery: AMQPDelivery) async -> AMQPSettlement {
        let event: Event
        do {
            event = try Event(delivery)
        } catch {
            return await giveUp(delivery, reason: "not an event: \(error)", attempts: delivery.attempts)
        }
        if case .unknown = event.body { return .ack }
        return await RequestScope.$current.withValue(RequestScope(of: event)) {
            await settle(event, delivery)
        }
    }

    private func settle(_ event: Event, _ delivery: AMQPDelivery) async -> AMQPSettlement {
        do {
            try await withDatabase { try await handle([event]) }
            return .ack
        } catch is CancellationError {
            return .reject(requeue: true)
        } catch {
            return await failed(delivery, error)
        }
    }

    // MARK: - A batch

    /// Each of the batch ends handled, retried or given up, so that all are acknowledged together; or none, on shutdown.
    func settle(_ deliveries: [AMQPDelivery]) async -> AMQPSettlement {
        var events: [Event] = []
        for delivery in deliveries {
            guard let event = try? Event(delivery) else { return await settleOneByOne(deliveries) }
            if case .unknown = event.body { continue }
            events.append(event)
        }
        guard let first = events.first else { return .ack }
        do {
            try await RequestScope.$current.withValue(RequestScope(of: first)) {
                try await withDatabase { [events] in try await handle(events) }
            }
            return .ack
        } catch is CancellationError {
            return .reject(requeue: true)
        } catch {
            return await settleOneByOne(deliveries)
        }
    }

    private func settleOneByOne(_ deliveries: [AMQPDelivery]) async -> AMQPSettlement {
        for delivery in deliveries where await settle(delivery) != .ack { return .reject(requeue: true) }
        return .ack
    }

    // MARK: - Failure

    /// Runs `body` until the database is there to take it; an outage is no failure of the event.
    private func withDatabase(_ body: @Sendable () async throws -> Void) async throws {
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(5))
        while true {
            do {
                return try await body()
            } catch let error as PGError where error.isUnavailable {
                logger.debug("an event waits for the database", metadata: [LogKeys.error: "\(error)"])
                try await Task.sleep(for: backoff.next())
            }
        }
    }

    private func failed(_ delivery: AMQPDelivery, _ error: any Error) async -> AMQPSettlement {
        let attempts = delivery.attempts + 1
        guard case .retry(let delay) = retries.step(afterFailure: attempts) else {
            return await giveUp(delivery, reason: "\(error)", attempts: attempts)
        }
        let log = metadata(delivery, "\(error)", attempts)
        logger.warning("an event is retried", metadata: log.merging(["after": "\(delay)"]) { $1 })
        let target = EventTopology.retryQueue(of: queue, delay)
        return await move(delivery, to: target, reason: "\(error)", attempts: attempts)
    }

    private func giveUp(_ delivery: AMQPDelivery, reason: String, attempts: Int) async -> AMQPSettlement {
        logger.error("an event is given up", metadata: metadata(delivery, reason, attempts))
        return await move(delivery, to: EventTopology.deadLetters(of: queue), reason: reason, attempts: attempts)
    }

    /// Copies the message, confirmed, before the original is acknowledged. A broker in trouble is waited for: each time a
    /// delivery is handed back counts against it.
    private func move(
        _ delivery: AMQPDelivery, to target: String, reason: String, attempts: Int
    ) async -> AMQPSettlement {
        await publisher.putAside(
            delivery.putAside(reason: reason, attempts: attempts), in: target, logger: logger)
            ? .ack : .reject(requeue: true)
    }

    private func metadata(_ delivery: AMQPDelivery, _ reason: String, _ attempts: Int) -> Logger.Metadata {
        [
            LogKeys.error: "\(reason.prefix(PutAside.reasonLimit))",
            LogKeys.eventID: "\(delivery.properties.messageID ?? "-")",
            "eventType": "\(delivery.properties.type ?? "-")", "attempts": "\(attempts)",
        ]
    }
}

extension RequestScope {
    init(of event: Event) {
        self.init(
            requestID: event.requestId ?? RequestScope.makeRequestID(), traceparent: event.traceparent,
            userID: event.userId?.description)
    }
}
