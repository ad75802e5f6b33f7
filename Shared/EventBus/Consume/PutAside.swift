public import AMQP
public import Logging
internal import ServiceSupport

/// What retried and dead messages carry beside what they came with.
public enum PutAside {
    /// How often handlers have failed.
    public static let attempts = "x-attempts"
    /// Why the last one failed, in at most `reasonLimit` characters.
    public static let reason = "x-reason"
    /// Under which key the event was published first: on its way back to the queue the key is the queue's name.
    public static let routingKey = "x-original-routing-key"

    static let reasonLimit = 500

    /// Puts what can never be handled with the dead letters of its queue.
    ///
    /// - Returns: false where it is not there, and the original must not be acknowledged.
    public static func bury(
        _ delivery: AMQPDelivery, of queue: WorkQueue, because reason: String, over publisher: AMQPPublisher,
        logger: Logger
    ) async -> Bool {
        await publisher.putAside(
            delivery.putAside(reason: reason, attempts: delivery.attempts),
            in: EventTopology.deadLetters(of: queue.name), logger: logger)
    }

    /// A dead letter as it was before its first attempt.
    public static func revived(_ letter: AMQPDelivery) -> AMQPMessage {
        var message = letter.message
        message.properties.headers = message.properties.headers.filter {
            !$0.key.hasPrefix("x-") || $0.key == routingKey
        }
        return message
    }
}

extension AMQPDelivery {
    var attempts: Int {
        Int(clamping: properties.headers[PutAside.attempts]?.int ?? 0)
    }

    func putAside(reason: String, attempts: Int) -> AMQPMessage {
        var copy = message
        // The broker would drop a message whose death certificates show a cycle without a rejection: ours is wanted.
        copy.properties.headers = copy.properties.headers.filter { !$0.key.hasPrefix("x-") }
        copy.properties.headers[PutAside.attempts] = .int(Int64(attempts))
        copy.properties.headers[PutAside.reason] = .string(String(reason.prefix(PutAside.reasonLimit)))
        copy.properties.headers[PutAside.routingKey] =
            properties.headers[PutAside.routingKey] ?? .string(routingKey)
        copy.properties.persistent = true
        return copy
    }
}

extension AMQPPublisher {
    /// Publishes to a queue, confirmed. A broker in trouble is waited for: each time a delivery is handed back counts
    /// against it.
    func putAside(_ message: AMQPMessage, in queue: String, logger: Logger) async -> Bool {
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                try await publish(message, exchange: "", routingKey: queue, mandatory: true)
                return true
            } catch {
                logger.warning("an event could not be put aside", metadata: [LogKeys.error: "\(error)"])
                try? await Task.sleep(for: backoff.next())
                // Somebody deleted the queue: the broker buries what comes back too often.
                if !error.isRetriable { return false }
            }
        }
        return false
    }
}
