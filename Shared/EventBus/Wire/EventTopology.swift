public import AMQP
internal import Identifiers

/// The broker's side of the event bus.
public enum EventTopology {
    /// Every event passes it, under its routing key.
    public static let exchange = "parlor.events"

    /// What every publisher declares.
    public static let publishing = AMQPTopology(exchanges: [AMQPExchange(exchange, .topic)])

    /// The same for one whose events must not be lost on these queues, whether or not their consumers ever ran.
    public static func publishing(to queues: WorkQueue...) -> AMQPTopology {
        queues.reduce(publishing) { $0.merging($1.topology) }
    }

    /// A durable work queue that gets what matches `bindings`, with its retry queues and its dead letters.
    ///
    /// A message to be retried waits in `<name>.retry.<seconds>s` until its time is up and the broker puts it back.
    /// What a consumer gives up, or what killed consumers too often, ends in `<name>.dead`. All are quorum queues, which let go
    /// of a message only when the next queue has it.
    public static func workQueue(
        _ name: String, bindings: [String], retries: RetrySchedule = .contract
    ) -> AMQPTopology {
        var topology = publishing
        topology.queues = [
            AMQPQueue(
                name,
                arguments: [
                    "x-queue-type": "quorum", "x-delivery-limit": .int(deliveryLimit), "x-dead-letter-exchange": "",
                    "x-dead-letter-routing-key": .string(deadLetters(of: name)),
                    "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
                ]),
            AMQPQueue(deadLetters(of: name), arguments: ["x-queue-type": "quorum"]),
        ]
        for delay in retries.delays {
            topology.queues.append(
                AMQPQueue(
                    retryQueue(of: name, delay),
                    arguments: [
                        "x-queue-type": "quorum", "x-message-ttl": .int(delay.wholeMilliseconds),
                        "x-dead-letter-exchange": "", "x-dead-letter-routing-key": .string(name),
                        "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
                    ]))
        }
        topology.bindings = bindings.map { AMQPBinding(exchange: exchange, queue: name, routingKey: $0) }
        return topology
    }

    public static func deadLetters(of queue: String) -> String { "\(queue).dead" }

    static func retryQueue(of queue: String, _ delay: Duration) -> String {
        let milliseconds = delay.wholeMilliseconds
        return "\(queue).retry." + (milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms")
    }

    /// Redeliveries without an answer, that is consumers that died over a message or lost their connection.
    private static let deliveryLimit: Int64 = 20
}

/// When a failed event is tried again. Pure.
public struct RetrySchedule: Sendable, Equatable {
    public enum Step: Sendable, Equatable {
        case retry(after: Duration)
        case giveUp
    }

    public var delays: [Duration]

    /// - Parameter delays: before the second attempt, the third, and so on; whole milliseconds, each another.
    public init(delays: [Duration]) {
        self.delays = delays
    }

    /// Contract section 9.
    public static let contract = RetrySchedule(delays: [.seconds(1), .seconds(10), .seconds(60), .seconds(600)])

    /// - Parameter attempts: failures so far, this one included; from 1.
    public func step(afterFailure attempts: Int) -> Step {
        delays.indices.contains(attempts - 1) ? .retry(after: delays[attempts - 1]) : .giveUp
    }
}
