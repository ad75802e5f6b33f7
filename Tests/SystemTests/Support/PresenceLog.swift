import AMQP
import Events
import Foundation
import ParlorClient
import Synchronization
import TestSupport

/// What the broker tells of who came and went.
final class PresenceLog: Sendable {
    struct Line: Sendable {
        var type: String
        var room: String
        var user: String
        var reason: String?
        var count: Int
    }

    private let lines = Mutex<[Line]>([])

    var all: [Line] { lines.withLock { $0 } }

    /// Listens while `body` runs.
    static func of(_ stack: Stack, _ body: (PresenceLog) async throws -> Void) async throws {
        let log = PresenceLog()
        let topology = AMQPTopology(
            queues: [.exclusive()],
            bindings: ["room.user_joined.*", "room.user_left.*"].map {
                AMQPBinding(exchange: "parlor.events", queue: "", routingKey: $0)
            })
        let consumer = AMQPConsumer(
            try AMQPConfiguration(url: stack.value("RABBITMQ_URL"), connectionName: "presence log"),
            topology: topology, queues: [""], maxBatch: 100, logger: .silent
        ) { deliveries in
            for delivery in deliveries { log.note(delivery) }
            return .ack
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            defer { group.cancelAll() }
            try await eventually("the log listens") { consumer.isConnected }
            try await body(log)
        }
    }

    private func note(_ delivery: AMQPDelivery) {
        guard let event = try? JSONValue(parsing: delivery.body) else { return }
        let line = Line(
            type: event["event_type"]?.string ?? "", room: event["room_id"]?.string ?? "",
            user: event["user_id"]?.string ?? "", reason: event["reason"]?.string,
            count: event["participant_count"]?.int ?? -1)
        lines.withLock { $0.append(line) }
    }
}
