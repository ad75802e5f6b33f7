import AMQP
import Testing
import TestSupport

/// Brokers that die, freeze and refuse. Each test has one of its own.
@Suite(.serialized) struct OutageTests {
    @Test func killedUnderLoadNothingConfirmedIsLost() async throws {
        let server = try await RabbitMQServer.start()
        let confirmed = Seen<Int>()
        let failed = Seen<AMQPError>()
        let seen = Seen<Int>()
        let publisher = try AMQPPublisher(configuration(server.url), topology: .queue("q"), logger: quiet)
        let consumer = try AMQPConsumer(
            configuration(server.url), topology: .queue("q"), queue: "q", prefetch: 50, logger: quiet
        ) {
            seen.add(Int($0.message.text) ?? -1)
            return .ack
        }
        let next = Counter()
        let isDone = Flag()
        try await running(publisher, consumer) {
            try await publisher.connected()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        while !isDone.isSet {
                            let number = next.next()
                            do throws(AMQPError) {
                                try await publisher.publish(
                                    AMQPMessage("\(number)"), exchange: "", routingKey: "q", mandatory: true)
                                confirmed.add(number)
                            } catch {
                                failed.add(error)
                                try await Task.sleep(for: .milliseconds(5))
                            }
                        }
                    }
                }
                try await eventually("some are confirmed") { confirmed.count > 500 }
                try await server.kill()
                try await eventually("publishers notice") { !publisher.isAvailable }
                let before = confirmed.count
                try await eventually("publishers fail at once") {
                    failed.all.contains { if case .unavailable = $0 { true } else { false } }
                }
                try await server.launch()
                try await eventually("publishing goes on") { confirmed.count > before + 500 }
                isDone.set()
                try await group.waitForAll()
            }
            try await eventually("everything confirmed arrived") { Set(confirmed.all).isSubset(of: Set(seen.all)) }
        }
        try await server.stop()
    }

    @Test func aFrozenBrokerIsNoticed() async throws {
        let server = try await RabbitMQServer.start()
        let quick = try configuration(server.url) {
            $0.heartbeat = .seconds(4)
            $0.publishTimeout = .milliseconds(500)
        }
        let publisher = AMQPPublisher(quick, topology: .queue("q"), logger: quiet)
        try await running(publisher) {
            try await publisher.connected()
            server.pause()
            // The deadline comes before the diagnosis.
            await #expect(throws: AMQPError.timeout) {
                try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q")
            }
            try await eventually("the silence is noticed") { !publisher.isAvailable }
            server.resume()
            try await eventually("it works again") {
                (try? await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q")) != nil
            }
        }
        try await server.stop()
    }

    @Test func whatIsBeingHandledGoesOnWhileTheBrokerHangs() async throws {
        let server = try await RabbitMQServer.start()
        let gate = Gate()
        let publisher = try AMQPPublisher(configuration(server.url), topology: .queue("q"), logger: quiet)
        let patient = try configuration(server.url) {
            $0.heartbeat = .seconds(1)
            // Whoever waits for this attempt waits for longer than the test.
            $0.connectTimeout = .seconds(600)
        }
        let consumer = AMQPConsumer(patient, topology: .queue("q"), queue: "q", prefetch: 1, logger: quiet) { _ in
            await gate.pass()
            return .ack
        }
        try await running(publisher, consumer) {
            try await publisher.connected()
            try await consumer.connected()
            try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q", mandatory: true)
            try await eventually("it is being handled") { gate.waiting == 1 }
            server.pause()
            try await eventually("the silence is noticed") { !consumer.isConnected }
            // Time to begin with the next connection, which hangs.
            try await Task.sleep(for: .milliseconds(500))
            gate.open()
            try await eventually("it is handled") { gate.passed == 1 }
            server.resume()
            try await consumer.connected()
        }
        try await server.stop()
    }

    @Test func aBlockedBrokerFailsPublishersAtOnce() async throws {
        let server = try await RabbitMQServer.start()
        let publisher = try AMQPPublisher(configuration(server.url), topology: .queue("q"), logger: quiet)
        try await running(publisher) {
            try await publisher.connected()
            let states = Seen<Bool>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for await state in publisher.availability() { states.add(state) } }
                try await eventually("the present state is told") { states.all == [true] }
                try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q")
                try await server.setTakesMessages(false)
                // The broker tells only those who try.
                try await eventually("the notice came") {
                    do throws(AMQPError) {
                        try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q")
                    } catch {
                        if case .blocked(let reason) = error { return !reason.isEmpty }
                    }
                    return false
                }
                #expect(!publisher.isAvailable)
                try await eventually("that is told") { states.all == [true, false] }
                try await server.setTakesMessages(true)
                try await eventually("it takes messages again") { publisher.isAvailable }
                try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q")
                try await eventually("that is told too") { states.all == [true, false, true] }
                group.cancelAll()
            }
        }
        try await server.stop()
    }
}
