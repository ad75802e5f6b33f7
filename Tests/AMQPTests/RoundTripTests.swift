import AMQP
import Testing
import TestSupport

@Suite struct RoundTripTests {
    @Test func whatIsPublishedArrivesWhole() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let seen = Seen<AMQPDelivery>()
            let topology = AMQPTopology(
                exchanges: [AMQPExchange("events", .topic)], queues: [AMQPQueue("inbox")],
                bindings: [AMQPBinding(exchange: "events", queue: "inbox", routingKey: "message.*.#")])
            let publisher = try AMQPPublisher(configuration(url), topology: topology, logger: quiet)
            let consumer = try AMQPConsumer(configuration(url), topology: topology, queue: "inbox", logger: quiet) {
                seen.add($0)
                return .ack
            }
            let properties = AMQPProperties(
                contentType: "application/json", contentEncoding: "identity", persistent: true, priority: 3,
                correlationID: "request-1", replyTo: "answers", expiration: .seconds(60), messageID: "id-1",
                timestamp: 1_700_000_000, type: "message_created", appID: "parlor",
                headers: [
                    "traceparent": "00-ab", "n": 42, "yes": true, "nothing": .null, "pi": .double(3.25),
                    "raw": .bytes([0, 1, 255]), "when": .timestamp(1_700_000_001),
                    "list": .array([1, "zwei", .table(["deep": "é"])]),
                ])
            // Longer than a frame, and empty.
            let bodies = [Array("Grüße".utf8), [UInt8](repeating: 7, count: 400_000), []]
            try await running(publisher, consumer) {
                try await publisher.connected()
                for body in bodies {
                    try await publisher.publish(
                        AMQPMessage(body: body, properties: properties), exchange: "events",
                        routingKey: "message.created.abc", mandatory: true)
                }
                try await eventually("all arrive") { seen.count == bodies.count }
            }
            for (delivery, body) in zip(
                seen.all.sorted { $0.body.count < $1.body.count }, bodies.sorted { $0.count < $1.count })
            {
                #expect(delivery.body == body)
                #expect(delivery.properties == properties)
                #expect(delivery.exchange == "events")
                #expect(delivery.routingKey == "message.created.abc")
                #expect(!delivery.redelivered)
            }
        }
    }

    @Test func manyPublishersAndBatchesShareOneConnection() async throws {
        try await RabbitMQServer.shared().withVhost { url in
            let seen = Seen<String>()
            let publisher = try AMQPPublisher(configuration(url), topology: .queue("q"), logger: quiet)
            let consumer = try AMQPConsumer(configuration(url), topology: .queue("q"), queue: "q", logger: quiet) {
                seen.add($0.message.text)
                return .ack
            }
            try await running(publisher, consumer) {
                try await publisher.connected()
                await withDiscardingTaskGroup { group in
                    for task in 0..<50 {
                        group.addTask {
                            for n in 0..<20 {
                                await #expect(throws: Never.self) {
                                    try await publisher.publish(
                                        AMQPMessage("\(task) \(n)"), exchange: "", routingKey: "q", mandatory: true)
                                }
                            }
                            let batch = (0..<20).map {
                                AMQPOutgoing(AMQPMessage("\(task) b\($0)"), exchange: "", routingKey: "q")
                            }
                            let results = await publisher.publish(batch)
                            #expect(results.allSatisfy { (try? $0.get()) != nil })
                        }
                    }
                }
                try await eventually("all arrive") { seen.count == 2000 }
                #expect(Set(seen.all).count == 2000)
            }
        }
    }
}
