import AMQP
import ServiceLifecycle
import Synchronization
import Testing
import TestSupport

@Suite struct ConsumeTests {
    /// Fills a queue, runs a consumer over it, and hands both to `body`.
    private func with(
        _ count: Int, arguments: [String: AMQPFieldValue] = [:], _ make: (String, AMQPTopology) throws -> AMQPConsumer,
        body: (AMQPPublisher, AMQPConsumer) async throws -> Void
    ) async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let topology = AMQPTopology.queue("q", arguments)
            let publisher = try AMQPPublisher(configuration(url), topology: topology, logger: quiet)
            let consumer = try make(url, topology)
            try await running(publisher) {
                try await publisher.connected()
                let batch = (0..<count).map { AMQPOutgoing(AMQPMessage("\($0)"), exchange: "", routingKey: "q") }
                for result in await publisher.publish(batch) { try result.get() }
                try await running(consumer) { try await body(publisher, consumer) }
            }
        }
    }

    @Test func prefetchBoundsWhatIsOut() async throws {
        let gate = Gate()
        try await with(50) { url, topology in
            try AMQPConsumer(
                configuration(url), topology: topology, queue: "q", prefetch: 7, concurrency: 50, logger: quiet
            ) { _ in
                await gate.pass()
                return .ack
            }
        } body: { _, _ in
            try await eventually("seven are out") { gate.waiting == 7 }
            try await Task.sleep(for: .milliseconds(100))
            #expect(gate.waiting == 7)
            gate.open()
            try await eventually("all pass") { gate.passed == 50 }
        }
    }

    @Test func oneAtATimeKeepsTheOrder() async throws {
        let seen = Seen<Int>()
        try await with(500) { url, topology in
            try AMQPConsumer(
                configuration(url), topology: topology, queue: "q", prefetch: 64, concurrency: 1, logger: quiet
            ) { delivery in
                seen.add(Int(delivery.message.text) ?? -1)
                await Task.yield()
                return .ack
            }
        } body: { _, _ in
            try await eventually("all arrive") { seen.count == 500 }
            #expect(seen.all == Array(0..<500))
        }
    }

    @Test func whatWaitsComesTogetherAndIsSettledTogether() async throws {
        let batches = Seen<[Int]>()
        let gate = Gate()
        try await with(300) { url, topology in
            try AMQPConsumer(
                configuration(url), topology: topology, queues: ["q"], prefetch: 200, maxBatch: 100, logger: quiet
            ) { deliveries in
                await gate.pass()
                batches.add(deliveries.compactMap { Int($0.message.text) })
                return .ack
            }
        } body: { publisher, _ in
            try await eventually("the first batch is held") { gate.waiting == 1 }
            // Time for the others to gather.
            try await Task.sleep(for: .seconds(1))
            gate.open()
            try await eventually("all arrive") { batches.all.joined().count == 300 }
            #expect(Array(batches.all.joined()) == Array(0..<300))
            #expect(batches.all.allSatisfy { $0.count <= 100 })
            #expect(batches.all.contains { $0.count > 10 })
        }
    }

    @Test func severalQueuesAreReadTogetherAndSettledTogether() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let names = ["q0", "q1", "q2"]
            let topology = names.map { AMQPTopology.queue($0) }.reduce(AMQPTopology()) { $0.merging($1) }
            let publisher = try AMQPPublisher(configuration(url), topology: topology, logger: quiet)
            try await running(publisher) {
                try await publisher.connected()
                for turn in 0..<2 {
                    let batch = (0..<300).map {
                        AMQPOutgoing(AMQPMessage("\($0)"), exchange: "", routingKey: names[$0 % 3])
                    }
                    for result in await publisher.publish(batch) { try result.get() }
                    let seen = Seen<Int>()
                    let consumer = try AMQPConsumer(
                        configuration(url), topology: topology, queues: names, prefetch: 10, maxBatch: 100,
                        logger: quiet
                    ) { deliveries in
                        for delivery in deliveries { seen.add(Int(delivery.message.text) ?? -1) }
                        return .ack
                    }
                    // Whatever is not settled would come again to the second one.
                    try await running(consumer) {
                        try await eventually("all arrive in turn \(turn)") { seen.count >= 300 }
                    }
                    #expect(seen.all.sorted() == Array(0..<300))
                    for residue in 0..<3 {
                        let own = seen.all.filter { $0 % 3 == residue }
                        #expect(own == own.sorted())
                    }
                }
            }
        }
    }

    @Test func rejectedOnesComeAgainOrGoToTheDead() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let dead = Seen<String>()
            let attempts = Seen<Bool>()
            var topology = AMQPTopology.queue(
                "q", ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"])
            topology.queues.append(AMQPQueue("dead"))
            let publisher = try AMQPPublisher(configuration(url), topology: topology, logger: quiet)
            let consumer = try AMQPConsumer(configuration(url), topology: topology, queue: "q", logger: quiet) {
                attempts.add($0.redelivered)
                return .reject(requeue: !$0.redelivered)
            }
            let undertaker = try AMQPConsumer(configuration(url), topology: topology, queue: "dead", logger: quiet) {
                dead.add($0.message.text)
                return .ack
            }
            try await running(publisher, consumer, undertaker) {
                try await publisher.connected()
                try await publisher.publish(AMQPMessage("poison"), exchange: "", routingKey: "q")
                try await eventually("it is dead") { dead.all == ["poison"] }
                #expect(attempts.all == [false, true])
            }
        }
    }

    @Test func aSecondSettlementNeverHappens() async throws {
        // The broker closes the channel of whoever settles twice: ten thousand settled by many show that nobody does.
        let seen = Seen<String>()
        try await with(10_000) { url, topology in
            try AMQPConsumer(
                configuration(url), topology: topology, queue: "q", prefetch: 500, concurrency: 64, logger: quiet
            ) { delivery in
                seen.add(delivery.message.text)
                if delivery.message.text.hasSuffix("7") { await Task.yield() }
                return .ack
            }
        } body: { _, _ in
            try await eventually("all arrive") { seen.count >= 10_000 }
            #expect(Set(seen.all).count == 10_000)
            #expect(seen.count == 10_000)
        }
    }

    @Test func aDeletedQueueIsDeclaredAndConsumedAgain() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let server = try await RabbitMQServer.shared()
            let vhost = url.split(separator: "/").last.map(String.init) ?? ""
            let seen = Seen<String>()
            let publisher = try AMQPPublisher(configuration(url), topology: .queue("q"), logger: quiet)
            let consumer = try AMQPConsumer(configuration(url), topology: .queue("q"), queue: "q", logger: quiet) {
                seen.add($0.message.text)
                return .ack
            }
            try await running(publisher, consumer) {
                try await publisher.connected()
                try await consumer.connected()
                try await server.evaluate(
                    """
                    {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"\(vhost)">>, queue, <<"q">>)),
                    rabbit_amqqueue:delete(Q, false, false, <<"test">>).
                    """)
                try await eventually("a message gets through again") {
                    try? await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q", mandatory: true)
                    return seen.count > 0
                }
            }
        }
    }

    @Test func shutdownFinishesWhatRunsAndTakesNothingNew() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let gate = Gate()
            let seen = Seen<String>()
            let publisher = try AMQPPublisher(configuration(url), topology: .queue("q"), logger: quiet)
            let consumer = try AMQPConsumer(
                configuration(url), topology: .queue("q"), queue: "q", prefetch: 10, concurrency: 2, logger: quiet
            ) {
                await gate.pass()
                seen.add($0.message.text)
                return .ack
            }
            try await running(publisher) {
                try await publisher.connected()
                let batch = (0..<10).map { AMQPOutgoing(AMQPMessage("\($0)"), exchange: "", routingKey: "q") }
                for result in await publisher.publish(batch) { try result.get() }
                let group = ServiceGroup(services: [consumer], logger: quiet)
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await group.run() }
                    try await eventually("two are held") { gate.waiting == 2 }
                    await group.triggerGracefulShutdown()
                    // Time for a wrong implementation to hand out more.
                    try await Task.sleep(for: .milliseconds(100))
                    gate.open()
                    try await tasks.waitForAll()
                }
                #expect(seen.count == 2)
                // The other eight are there for the next one.
                let next = try AMQPConsumer(configuration(url), topology: .queue("q"), queue: "q", logger: quiet) {
                    seen.add($0.message.text)
                    return .ack
                }
                try await running(next) { try await eventually("the rest arrives") { seen.count == 10 } }
                #expect(Set(seen.all).count == 10)
            }
        }
    }
}

/// Holds handlers until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var passed = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var waiting: Int { state.withLock(\.waiters.count) }
    var passed: Int { state.withLock(\.passed) }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
        state.withLock { $0.passed += 1 }
    }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
