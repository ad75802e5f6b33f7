import Foundation
import IOReactor

/// Publishes with confirms and consumes with acknowledgements through a work queue, and does nothing else.
///
/// Unchecked: each connection belongs to one thread at a time.
final class BareEventLoop: @unchecked Sendable {
    private let publisher: BareRabbitMQ
    private let consumer: BareRabbitMQ
    private let queue: String
    private let body = [UInt8](repeating: UInt8(ascii: "x"), count: 600)

    init(_ url: String, queue: String) throws {
        self.queue = queue
        publisher = try BareRabbitMQ(url)
        try publisher.confirmPublishes()
        consumer = try BareRabbitMQ(url)
        try consumer.consume(queue, prefetch: 1000)
    }

    /// Messages per second, from the first publish to the last acknowledgement.
    func rate(of count: Int) async throws -> Double {
        let begin = ContinuousClock.now
        async let consumed: Void = OwnThread.run("bare consume") { try self.consume(count) }
        try await OwnThread.run("bare publish") {
            try self.publisher.publish(self.body, key: self.queue, count: count, window: 256)
        }
        try await consumed
        return Double(count) / ((ContinuousClock.now - begin) / .seconds(1))
    }

    /// The times of lone messages.
    func lone(_ count: Int) async throws -> [Duration] {
        try await OwnThread.run("bare") {
            try (0..<count).map { _ in
                let begin = ContinuousClock.now
                try self.publisher.publish(self.body, key: self.queue, count: 1, window: 1)
                try self.consume(1)
                return ContinuousClock.now - begin
            }
        }
    }

    private func consume(_ count: Int) throws {
        for number in 1...count {
            guard let delivery = try consumer.next(within: 30_000_000) else {
                throw Stack.Fault(description: "the bare loop lost \(count - number + 1) events")
            }
            if number % 100 == 0 || number == count { consumer.acknowledge(delivery.tag) }
        }
    }
}
