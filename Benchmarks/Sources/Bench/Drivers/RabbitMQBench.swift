import AMQP
import Foundation
import IOReactor
import Logging
import TestSupport

/// Confirmed publishes of the AMQP driver beside a bare loop over librabbitmq, to one and the same queue.
enum RabbitMQBench {
    static func run(_ report: Report) async throws {
        let server = try await RabbitMQServer.start()
        for result in try await run(port: server.port) { report.row(result) }
        try await server.stop()
    }

    private static let body = [UInt8](repeating: UInt8(ascii: "x"), count: 256)
    private static let queue = "bench"
    /// Unconfirmed messages of the loop, and callers of ours.
    private static let window = 256

    private static func run(port: Int) async throws -> [Comparison] {
        let silent = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        // Old messages make room for new ones: what is measured is not how a queue grows.
        let topology = AMQPTopology(queues: [
            AMQPQueue(queue, arguments: ["x-max-length": 1000, "x-overflow": "drop-head"])
        ])
        let configuration = try AMQPConfiguration(url: "amqp://127.0.0.1:\(port)", connectionName: "bench")
        let publisher = AMQPPublisher(configuration, topology: topology, logger: silent)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            defer { group.cancelAll() }
            try await eventually("the publisher connects") { publisher.isAvailable }
            let bare = try await OwnThread.run("bare") {
                let bare = try BareRabbitMQ("amqp://127.0.0.1:\(port)")
                try bare.confirmPublishes()
                return bare
            }
            return [
                try await latency(publisher, bare),
                try await throughput("256 callers, beside a window of 256", publisher, bare) { count in
                    try await callers(count, publisher)
                },
                try await throughput("batches of 128, two at once, beside the same", publisher, bare) { count in
                    try await batches(count, publisher)
                },
            ]
        }
    }

    /// One message at a time. Both take turns in short blocks, so that the machine's moods hit both.
    private static func latency(_ publisher: AMQPPublisher, _ bare: BareRabbitMQ) async throws -> Comparison {
        var (theirs, ours): ([Duration], [Duration]) = ([], [])
        for _ in 0..<40 {
            theirs += try await OwnThread.run("bare") {
                try (0..<50).map { _ in
                    let start = ContinuousClock.now
                    try bare.publish(body, key: queue, count: 1, window: 1)
                    return ContinuousClock.now - start
                }
            }
            for _ in 0..<50 {
                let start = ContinuousClock.now
                try await publisher.publish(AMQPMessage(body: body), exchange: "", routingKey: queue)
                ours.append(ContinuousClock.now - start)
            }
        }
        return Comparison(
            name: "a lone confirmed publish, median", ours: ours.medianMicroseconds, bare: theirs.medianMicroseconds,
            unit: "µs", aim: .atMost(1.5))
    }

    private static func throughput(
        _ name: String, _ publisher: AMQPPublisher, _ bare: BareRabbitMQ, _ publish: (Int) async throws -> Void
    ) async throws -> Comparison {
        let count = 20_000
        var (theirs, ours): ([Double], [Double]) = ([], [])
        for _ in 0..<5 {
            let start = ContinuousClock.now
            try await OwnThread.run("bare") { try bare.publish(body, key: queue, count: count, window: window) }
            let middle = ContinuousClock.now
            try await publish(count)
            theirs.append(Double(count) / ((middle - start) / .seconds(1)))
            ours.append(Double(count) / ((ContinuousClock.now - middle) / .seconds(1)))
        }
        return Comparison(
            name: name, ours: ours.sorted()[2], bare: theirs.sorted()[2], unit: "/s", aim: .atLeast(0.8))
    }

    private static func callers(_ count: Int, _ publisher: AMQPPublisher) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<window {
                group.addTask {
                    for _ in 0..<(count / window) {
                        try await publisher.publish(AMQPMessage(body: body), exchange: "", routingKey: queue)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func batches(_ count: Int, _ publisher: AMQPPublisher) async throws {
        let batch = [AMQPOutgoing](
            repeating: AMQPOutgoing(AMQPMessage(body: body), exchange: "", routingKey: queue), count: window / 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    for _ in 0..<(count / window) {
                        for result in await publisher.publish(batch) { try result.get() }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
