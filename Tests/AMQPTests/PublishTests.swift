import AMQP
import Testing
import TestSupport

@Suite struct PublishTests {
    @Test func unroutableMandatoryMessagesComeBack() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let publisher = try AMQPPublisher(configuration(url), topology: .queue("q"), logger: quiet)
            try await running(publisher) {
                try await publisher.connected()
                await #expect {
                    try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "nowhere", mandatory: true)
                } throws: { if case AMQPError.returned(312, _) = $0 { true } else { false } }
                // Not mandatory: the broker drops it and says so to nobody.
                try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "nowhere")
                // In a batch each gets its own answer.
                let batch = ["q", "nowhere", "q", "nowhere"].map {
                    AMQPOutgoing(AMQPMessage("x"), exchange: "", routingKey: $0, mandatory: true)
                }
                let succeeded = await publisher.publish(batch).map { (try? $0.get()) != nil }
                #expect(succeeded == [true, false, true, false])
            }
        }
    }

    @Test func aFullQueueNacks() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let topology = AMQPTopology.queue("full", ["x-max-length": 3, "x-overflow": "reject-publish"])
            let publisher = try AMQPPublisher(configuration(url), topology: topology, logger: quiet)
            try await running(publisher) {
                try await publisher.connected()
                let batch = (0..<10).map { AMQPOutgoing(AMQPMessage("\($0)"), exchange: "", routingKey: "full") }
                let results = await publisher.publish(batch)
                let nacked = results.filter { if case .failure(.nacked) = $0 { true } else { false } }.count
                // The broker may let some more in before it notices.
                #expect((1...7).contains(nacked), "\(results)")
                await #expect(throws: AMQPError.nacked) {
                    try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "full")
                }
            }
        }
    }

    @Test func aMissingExchangeFailsItsPublishAndTheNextOneWorks() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let publisher = try AMQPPublisher(configuration(url), topology: .queue("q"), logger: quiet)
            try await running(publisher) {
                try await publisher.connected()
                for _ in 0..<5 {
                    await #expect {
                        try await publisher.publish(AMQPMessage("x"), exchange: "missing", routingKey: "k")
                    } throws: {
                        if case AMQPError.refused(404, let reason) = $0 { reason.contains("missing") } else { false }
                    }
                    #expect(publisher.isAvailable)
                    try await publisher.publish(AMQPMessage("y"), exchange: "", routingKey: "q", mandatory: true)
                }
            }
        }
    }

    @Test func whoIsToldThatTheChannelIsLostMayPublishAtOnce() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let publisher = try AMQPPublisher(configuration(url), topology: .queue("q"), logger: quiet)
            try await running(publisher) {
                try await publisher.connected()
                let outcomes = Seen<Result<Void, AMQPError>>()
                let message = AMQPMessage("x")
                publisher.submit([AMQPOutgoing(message, exchange: "missing", routingKey: "k")]) { first in
                    outcomes.add(first[0])
                    publisher.submit([AMQPOutgoing(message, exchange: "", routingKey: "q", mandatory: true)]) {
                        outcomes.add($0[0])
                    }
                }
                try await eventually("both are told") { outcomes.count == 2 }
                #expect(outcomes.all.map { (try? $0.get()) != nil } == [false, true])
            }
        }
    }

    @Test func whatAMQPCannotExpressIsRefusedHere() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let publisher = try AMQPPublisher(configuration(url), logger: quiet)
            try await running(publisher) {
                try await publisher.connected()
                let long = String(repeating: "k", count: 256)
                await #expect(throws: AMQPError.invalid("routing key longer than 255 bytes")) {
                    try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: long)
                }
                let results = await publisher.publish([
                    AMQPOutgoing(AMQPMessage("x", id: long), exchange: "", routingKey: "a"),
                    AMQPOutgoing(AMQPMessage("x"), exchange: "", routingKey: "a"),
                ])
                #expect(results.map { (try? $0.get()) != nil } == [false, true])
            }
        }
    }

    @Test func awayMeansAnErrorAtOnce() async throws {
        let publisher = try AMQPPublisher(configuration("amqp://127.0.0.1:1"), logger: quiet)
        await #expect(throws: AMQPError.unavailable("not connected yet")) {
            try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q")
        }
        try await running(publisher) {
            try await eventually("the reason is known") {
                do {
                    try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q")
                    return false
                } catch AMQPError.unavailable(let reason) {
                    return reason.contains("127.0.0.1:1")
                }
            }
        }
        await #expect(throws: AMQPError.closed) {
            try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q")
        }
    }

    @Test func aRefusedDeclarationSaysWhy() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let first = try AMQPPublisher(configuration(url), topology: .queue("q"), logger: quiet)
            let other = try AMQPPublisher(
                configuration(url), topology: .queue("q", ["x-max-length": 5]), logger: quiet)
            try await running(first) {
                try await first.connected()
                try await running(other) {
                    try await eventually("the reason is known") {
                        do {
                            try await other.publish(AMQPMessage("x"), exchange: "", routingKey: "q")
                            return false
                        } catch AMQPError.unavailable(let reason) {
                            return reason.contains("PRECONDITION_FAILED") && reason.contains("x-max-length")
                        }
                    }
                }
                // The refusal is the other one's alone.
                try await first.publish(AMQPMessage("x"), exchange: "", routingKey: "q", mandatory: true)
            }
        }
    }

    @Test func aWrongPasswordSaysSoWithoutIt() async throws {
        let server = try await RabbitMQServer.shared()
        let url = "amqp://guest:hunter2@127.0.0.1:\(server.port)"
        let publisher = try AMQPPublisher(configuration(url), logger: quiet)
        try await running(publisher) {
            try await eventually("the reason is known") {
                do {
                    try await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q")
                    return false
                } catch AMQPError.unavailable(let reason) {
                    #expect(!reason.contains("hunter2"))
                    return reason.contains("ACCESS_REFUSED")
                }
            }
        }
    }
}
