import AMQP
import Testing
import TestSupport

@Suite struct BindingTests {
    private let events = AMQPTopology(exchanges: [AMQPExchange("events", .topic)])

    private func exclusive() -> AMQPTopology {
        events.merging(AMQPTopology(queues: [.exclusive()]))
    }

    @Test func bindingsComeAndGo() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let seen = Seen<String>()
            let publisher = try AMQPPublisher(configuration(url), topology: events, logger: quiet)
            let consumer = try AMQPConsumer(configuration(url), topology: exclusive(), queue: "", logger: quiet) {
                seen.add($0.routingKey)
                return .ack
            }
            try await running(publisher, consumer) {
                try await publisher.connected()
                try await consumer.connected()
                #expect(consumer.queueName?.hasPrefix("amq.gen") == true)
                try await consumer.bind(exchange: "events", routingKey: "a.*")
                // In force when bind returns.
                try await publisher.publish(AMQPMessage("1"), exchange: "events", routingKey: "a.1", mandatory: true)
                try await consumer.bind(exchange: "events", routingKey: "b.*")
                try await consumer.unbind(exchange: "events", routingKey: "a.*")
                await #expect(throws: AMQPError.self) {
                    try await publisher.publish(
                        AMQPMessage("2"), exchange: "events", routingKey: "a.2", mandatory: true)
                }
                try await publisher.publish(AMQPMessage("3"), exchange: "events", routingKey: "b.3", mandatory: true)
                try await eventually("both arrive") { seen.all.sorted() == ["a.1", "b.3"] }
            }
        }
    }

    @Test func aMissingExchangeIsRefusedAndCostsNobodyElse() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let seen = Seen<String>()
            let publisher = try AMQPPublisher(configuration(url), topology: events, logger: quiet)
            let consumer = try AMQPConsumer(configuration(url), topology: exclusive(), queue: "", logger: quiet) {
                seen.add($0.routingKey)
                return .ack
            }
            try await running(publisher, consumer) {
                try await publisher.connected()
                try await consumer.connected()
                let outcomes = await withTaskGroup(of: (String, Bool).self) { group in
                    for n in 0..<20 {
                        group.addTask {
                            let exchange = n == 7 ? "missing" : "events"
                            do {
                                try await consumer.bind(exchange: exchange, routingKey: "k.\(n)")
                                return (exchange, true)
                            } catch {
                                return (exchange, false)
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                for (exchange, succeeded) in outcomes { #expect(succeeded == (exchange == "events")) }
                for n in 0..<20 where n != 7 {
                    try await publisher.publish(
                        AMQPMessage("x"), exchange: "events", routingKey: "k.\(n)", mandatory: true)
                }
                try await eventually("all arrive") { seen.count == 19 }
            }
        }
    }

    @Test func refusalsShiftNobodysAnswer() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let publisher = try AMQPPublisher(configuration(url), topology: events, logger: quiet)
            let consumer = try AMQPConsumer(configuration(url), topology: exclusive(), queue: "", logger: quiet) { _ in
                .ack
            }
            try await running(publisher, consumer) {
                try await publisher.connected()
                try await consumer.connected()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for n in 0..<12 {
                        group.addTask {
                            for turn in 0..<40 {
                                let key = "k.\(n).\(turn)"
                                if n < 3 {
                                    await #expect(throws: AMQPError.self) {
                                        try await consumer.bind(exchange: "missing", routingKey: key)
                                    }
                                } else {
                                    try await consumer.bind(exchange: "events", routingKey: key)
                                    // In force, or the broker gives the message back.
                                    try await publisher.publish(
                                        AMQPMessage("x"), exchange: "events", routingKey: key, mandatory: true)
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func bindingsAreMadeAgainAfterReconnect() async throws {
        let server = try await RabbitMQServer.start()
        let seen = Seen<String>()
        let connects = Seen<Int>()
        let publisher = try AMQPPublisher(configuration(server.url), topology: events, logger: quiet)
        let consumer = try AMQPConsumer(
            configuration(server.url), topology: exclusive(), queue: "", logger: quiet,
            onConnect: { connects.add(connects.count) }
        ) {
            seen.add($0.routingKey)
            return .ack
        }
        // Wanted before there is a connection.
        await #expect(throws: AMQPError.self) { try await consumer.bind(exchange: "events", routingKey: "early") }
        try await running(publisher, consumer) {
            try await publisher.connected()
            try await eventually("the hook ran") { connects.count >= 1 }
            for n in 0..<200 { try await consumer.bind(exchange: "events", routingKey: "room.\(n)") }
            try await consumer.unbind(exchange: "events", routingKey: "room.5")
            let name = consumer.queueName
            try await server.closeConnections()
            try await eventually("the hook ran again") { connects.count >= 2 }
            #expect(consumer.queueName != name)
            // When the hook runs all bindings are in force.
            for key in ["early", "room.0", "room.199"] {
                // The publisher's connection went too, and it may not know that yet.
                try await eventually("the publisher is back") {
                    do throws(AMQPError) {
                        try await publisher.publish(
                            AMQPMessage("x"), exchange: "events", routingKey: key, mandatory: true)
                        return true
                    } catch {
                        guard error.isRetriable else { throw error }
                        return false
                    }
                }
            }
            await #expect {
                try await publisher.publish(
                    AMQPMessage("x"), exchange: "events", routingKey: "room.5", mandatory: true)
            } throws: {
                if case AMQPError.returned = $0 { true } else { false }
            }
            try await eventually("all arrive") { Set(seen.all) == ["early", "room.0", "room.199"] }
        }
        try await server.stop()
    }
}
