import AMQP
import EventBus
import Identifiers
import ServiceSupport
import TestSupport
import Testing

@Suite struct QueueWatchTests {
    /// Also after the broker has closed its connection between two looks.
    @Test func whatWaitsIsCounted() async throws {
        let metrics = Bootstrap.metrics
        let server = try await RabbitMQServer.start()
        let amqp = try AMQPConfiguration(url: server.url, connectionName: "test")
        let queue = WorkQueue("watched", bindings: ["watched.*"])
        let publisher = AMQPPublisher(amqp, topology: queue.topology, logger: silent)
        func isTold(_ waiting: Int, _ dead: Int) -> Bool {
            let lines = metrics.exposition().split(separator: "\n")
            return lines.contains("queue_depth{queue=\"watched\"} \(waiting)")
                && lines.contains("queue_depth{queue=\"watched.dead\"} \(dead)")
        }
        func publish(_ count: Int, to queue: String) async throws {
            for _ in 0..<count {
                try await publisher.publish(AMQPMessage(body: [1]), exchange: "", routingKey: queue, mandatory: true)
            }
        }
        let watch = QueueWatch(queue, amqp: amqp, every: .milliseconds(50), logger: silent)
        #expect(isTold(0, 0))
        try await serving([publisher, watch]) {
            try await eventually("the broker is there") { publisher.isAvailable }
            try await publish(3, to: queue.name)
            try await publish(2, to: EventTopology.deadLetters(of: queue.name))
            try await eventually("both are counted") { isTold(3, 2) }
            try await server.closeConnections()
            try await eventually("the broker is there again") { publisher.isAvailable }
            try await eventually("one more is published") {
                (try? await publish(1, to: queue.name)) != nil
            }
            try await eventually("and counted") { isTold(4, 2) }
        }
        try await server.stop()
    }
}
