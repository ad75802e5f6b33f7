import AMQP
import EventBus
import Events
import Foundation
import Identifiers
import Testing
import TestSupport

/// `parlor dead-letters`, the built command, against a real broker.
@Suite struct DeadLettersTests {
    private static let parlor = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../.build/debug/parlor").standardizedFileURL.path

    /// What the command prints.
    private static func run(_ broker: String, _ arguments: String...) async throws -> String {
        try await Command.run(
            parlor, ["dead-letters"] + arguments, environment: ["RABBITMQ_URL": broker]
        ).output
    }

    /// Whoever looks at letters holds them for as long as the broker takes to notice that he went.
    private static func wait(for count: Int, _ broker: String) async throws {
        try await eventually("\(count) letters are there") {
            try await run(broker, "list", "notifications").contains("notifications: \(count)")
        }
    }

    private static func withDeadLetters(
        _ body: (_ broker: String, _ bus: Bus, _ dead: [Event], _ heal: Mark) async throws -> Void
    ) async throws {
        let broker = try await RabbitMQServer.shared()
        try await PostgresServer.withDatabase { database in
            try await broker.withVhost { url in
                try await Bus.with(database, url) { bus in
                    let heal = Mark()
                    let consumer = EventConsumer(
                        queue: WorkQueue("notifications", bindings: ["room.#"]), amqp: bus.amqp, pool: bus.pool,
                        retries: RetrySchedule(delays: [.milliseconds(50)]), logger: silent
                    ) { event, tx in
                        guard heal.value == 1 else { throw Failure() }
                        try await Bus.effect(event, tx)
                    }
                    let publisher = bus.publisher()
                    let room = RoomRef(id: .new(), code: .random())
                    let events = (1...3).map { Event.example(room, $0) }
                    try await running(publisher, consumer) {
                        try await publisher.connected()
                        try await consumer.connected()
                        let encoder = EventEncoder(source: "test")
                        for result in try await publisher.publish(events.map(encoder.encode)) { try result.get() }
                        try await wait(for: 3, url)
                        try await body(url, bus, events, heal)
                    }
                }
            }
        }
    }

    @Test func lettersAreCountedAndShownWithTheirReasonsAndStay() async throws {
        try await Self.withDeadLetters { broker, _, dead, _ in
            let list = try await Self.run(broker)
            #expect(list.contains("notifications: 3\n") && list.contains("rooms.events: no such queue"))
            let shown = try await Self.run(broker, "show", "notifications")
            for event in dead {
                #expect(shown.contains("\(event.id)\n"))
                #expect(shown.contains("  key       \(event.routingKey)\n"))
            }
            #expect(shown.contains("  type      user_left\n") && shown.contains("  reason    Failure()\n"))
            #expect(shown.contains("  attempts  2\n"))
            #expect(!shown.contains("participant_count"))
            try await Self.wait(for: 3, broker)
            #expect(try await Self.run(broker, "show", "notifications", "--body").contains("participant_count"))
            try await Self.wait(for: 3, broker)
            let one = try await Self.run(broker, "show", "notifications", "--limit", "1")
            #expect(dead.count { one.contains("\($0.id)\n") } == 1)
            try await Self.wait(for: 3, broker)
        }
    }

    @Test func aLetterThatIsRetriedHasAllAttemptsAheadAndIsHandledOnce() async throws {
        try await Self.withDeadLetters { broker, bus, dead, heal in
            heal.value = 1
            let answer = try await Self.run(broker, "retry", "notifications", "--id", "\(dead[1].id)")
            #expect(answer.contains("1 put back into notifications"))
            try await eventually("it is handled") { try await bus.effects().map(\.n) == [2] }
            try await Self.wait(for: 2, broker)
            #expect(try await Self.run(broker, "retry", "notifications", "--all").contains("2 put back"))
            try await eventually("the others are too") { try await bus.effects().map(\.n).sorted() == [1, 2, 3] }
            try await Self.wait(for: 0, broker)
        }
    }

    @Test func aLetterThatIsDroppedIsGoneAndNothingIsDroppedByMistake() async throws {
        try await Self.withDeadLetters { broker, bus, dead, _ in
            #expect(try await Self.run(broker, "drop", "notifications").contains("Say which"))
            let answer = try await Self.run(broker, "drop", "notifications", "--id", "\(dead[0].id)")
            #expect(answer.contains("1 dropped from notifications"))
            try await Self.wait(for: 2, broker)
            let rest = try await Self.run(broker, "show", "notifications")
            #expect(!rest.contains("\(dead[0].id)") && rest.contains("\(dead[2].id)"))
            try await Self.wait(for: 2, broker)
            #expect(try await Self.run(broker, "drop", "notifications", "--all").contains("2 dropped"))
            #expect(try await bus.effects().isEmpty)
        }
    }
}
