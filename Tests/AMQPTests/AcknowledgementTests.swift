import AMQP
import IOReactor
import ServiceLifecycle
import Testing
import TestSupport

/// Acknowledgements of batches gather; nobody must be able to tell.
@Suite struct AcknowledgementTests {
    /// Far fewer deliveries than make an acknowledgement urgent.
    private static let prefetch = 400

    @Test func whatIsHandledIsAcknowledgedWithoutMoreToCome() async throws {
        try await with(5) { url, topology, seen in
            try AMQPConsumer(
                configuration(url), topology: topology, queues: ["q"], prefetch: Self.prefetch, maxBatch: 2,
                logger: quiet
            ) { deliveries in
                for delivery in deliveries { seen.add(delivery.message.text) }
                return .ack
            }
        } body: { url, seen in
            try await eventually("all arrive") { seen.count == 5 }
            try await eventually("the broker holds none for the consumer") { try await Self.unacknowledged(url) == 0 }
        }
    }

    /// A rejection of several settles all up to its tag: those that were handled before must be off the table by then.
    @Test func aRejectionDoesNotTakeBackWhatWasHandledBefore() async throws {
        let dead = Seen<String>()
        try await with(
            6, ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"], also: [AMQPQueue("dead")]
        ) { url, topology, seen in
            try AMQPConsumer(
                configuration(url), topology: topology, queues: ["q"], prefetch: Self.prefetch, maxBatch: 1,
                logger: quiet
            ) { deliveries in
                for delivery in deliveries { seen.add(delivery.message.text) }
                return deliveries[0].message.text == "3" ? .reject(requeue: false) : .ack
            }
        } body: { url, seen in
            try await eventually("all are handled") { seen.count == 6 }
            let undertaker = try AMQPConsumer(configuration(url), queue: "dead", logger: quiet) {
                dead.add($0.message.text)
                return .ack
            }
            try await running(undertaker) { try await eventually("one is dead") { dead.count > 0 } }
            #expect(dead.all == ["3"])
            #expect(seen.all == (0..<6).map(String.init))
        }
    }

    @Test func aGracefulEndAcknowledgesWhatWaits() async throws {
        let again = Seen<String>()
        try await with(3) { url, topology, seen in
            try AMQPConsumer(
                configuration(url), topology: topology, queues: ["q"], prefetch: Self.prefetch, maxBatch: 10,
                logger: quiet
            ) { deliveries in
                for delivery in deliveries { seen.add(delivery.message.text) }
                return .ack
            }
        } body: { _, seen in
            try await eventually("all arrive") { seen.count == 3 }
        } after: { url in
            let next = try AMQPConsumer(configuration(url), queue: "q", logger: quiet) {
                again.add($0.message.text)
                return .ack
            }
            let publisher = try AMQPPublisher(configuration(url), logger: quiet)
            try await running(publisher, next) {
                try await publisher.connected()
                try await publisher.publish(AMQPMessage("last"), exchange: "", routingKey: "q")
                try await eventually("the last one arrives") { again.all.contains("last") }
            }
            #expect(again.all == ["last"])
        }
    }

    /// Publisher, consumer and handler on one thread: none may wait for another.
    @Test func linksThatShareAThreadServeEachOther() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let tasks = ReactorTasks(Reactor(name: "shared"))
            let topology = AMQPTopology.queue("there").merging(.queue("back"))
            let publisher = try AMQPPublisher(configuration(url), topology: topology, on: tasks, logger: quiet)
            let consumer = try AMQPConsumer(
                configuration(url), topology: topology, queues: ["there"], maxBatch: 50, on: tasks, logger: quiet
            ) { deliveries in
                let answers = deliveries.map {
                    AMQPOutgoing(AMQPMessage($0.message.text), exchange: "", routingKey: "back")
                }
                for result in await publisher.publish(answers) {
                    guard case .success = result else { return .reject(requeue: true) }
                }
                return .ack
            }
            let seen = Seen<String>()
            let reader = try AMQPConsumer(
                configuration(url), topology: topology, queues: ["back"], maxBatch: 50, on: tasks, logger: quiet
            ) { deliveries in
                for delivery in deliveries { seen.add(delivery.message.text) }
                return .ack
            }
            try await running(publisher, consumer, reader) {
                try await publisher.connected()
                for number in 0..<1000 {
                    try await publisher.publish(AMQPMessage("\(number)"), exchange: "", routingKey: "there")
                }
                try await eventually("all come back") { seen.count == 1000 }
                #expect(seen.all == (0..<1000).map(String.init))
            }
        }
    }

    // MARK: -

    private func with(
        _ count: Int, _ arguments: [String: AMQPFieldValue] = [:], also queues: [AMQPQueue] = [],
        _ make: (String, AMQPTopology, Seen<String>) throws -> AMQPConsumer,
        body: (String, Seen<String>) async throws -> Void, after: (String) async throws -> Void = { _ in }
    ) async throws {
        try await RabbitMQServer.shared().withVhost { url in
            var topology = AMQPTopology.queue("q", arguments)
            topology.queues += queues
            let seen = Seen<String>()
            let publisher = try AMQPPublisher(configuration(url), topology: topology, logger: quiet)
            let consumer = try make(url, topology, seen)
            try await running(publisher) {
                try await publisher.connected()
                let batch = (0..<count).map { AMQPOutgoing(AMQPMessage("\($0)"), exchange: "", routingKey: "q") }
                for result in await publisher.publish(batch) { try result.get() }
            }
            let group = ServiceGroup(services: [consumer], logger: quiet)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await body(url, seen)
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            try await after(url)
        }
    }

    /// What the broker has delivered of `q` and waits to hear of.
    private static func unacknowledged(_ url: String) async throws -> Int? {
        let vhost = url.split(separator: "/").last.map(String.init) ?? ""
        let answer = try await RabbitMQServer.shared().evaluate(
            """
            {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"\(vhost)">>, queue, <<"q">>)),
            [{messages_unacknowledged, N}] = rabbit_amqqueue:info(Q, [messages_unacknowledged]), N.
            """)
        return Int(answer.filter(\.isNumber))
    }
}
