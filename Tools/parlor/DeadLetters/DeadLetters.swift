import AMQP
import EventBus
import Foundation
import Logging

/// The dead-letter queues of one broker.
struct DeadLetters {
    /// Those of the services.
    static let workQueues = [WorkQueue.notifications, .rooms, .facts].map(\.name)

    private let configuration: AMQPConfiguration
    private let browser: AMQPBrowser

    init(_ configuration: AMQPConfiguration) {
        self.configuration = configuration
        browser = AMQPBrowser(configuration)
    }

    func close() async { await browser.close() }

    func count(of queue: String) async throws -> Int? {
        try await browser.messageCount(of: EventTopology.deadLetters(of: queue))
    }

    /// The oldest ones. They go back when the browser is closed.
    func peek(_ queue: String, limit: Int) async throws -> [AMQPDelivery] {
        var found: [AMQPDelivery] = []
        while found.count < limit, let letter = try await take(queue) { found.append(letter) }
        return found
    }

    /// - Returns: how many were removed.
    func drop(_ queue: String, _ matches: (String?) -> Bool) async throws -> Int {
        try await each(queue, matches) { _ in }
    }

    /// Each is in the work queue before it is taken from the dead.
    /// - Returns: how many were put back.
    func retry(_ queue: String, _ matches: (String?) -> Bool) async throws -> Int {
        // The publisher below would wait for a broker that is away; this says so instead.
        guard try await count(of: queue) ?? 0 > 0 else { return 0 }
        let logger = Logger(label: "parlor", factory: { _ in SwiftLogNoOpLogHandler() })
        let publisher = AMQPPublisher(configuration, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await publisher.runUntilCancelled() }
            defer { group.cancelAll() }
            for await isUp in publisher.availability() where isUp { break }
            return try await each(queue, matches) { letter in
                try await publisher.publish(
                    PutAside.revived(letter), exchange: "", routingKey: queue, mandatory: true)
            }
        }
    }

    private func each(
        _ queue: String, _ matches: (String?) -> Bool, _ body: (AMQPDelivery) async throws -> Void
    ) async throws -> Int {
        var count = 0
        // No more than there are now: what dies again meanwhile is another's turn.
        for _ in 0..<(try await self.count(of: queue) ?? 0) {
            guard let letter = try await take(queue) else { break }
            guard matches(letter.properties.messageID) else { continue }
            try await body(letter)
            try await browser.settle(letter, .ack)
            count += 1
        }
        return count
    }

    private func take(_ queue: String) async throws -> AMQPDelivery? {
        try await browser.take(from: EventTopology.deadLetters(of: queue))
    }

    static func describe(_ letter: AMQPDelivery, withBody: Bool) -> String {
        let headers = letter.properties.headers
        let time = letter.properties.timestamp.map {
            Date(timeIntervalSince1970: TimeInterval($0)).formatted(.iso8601)
        }
        // Without a reason of ours the broker buried it: its consumers died over it too often.
        let reason = headers[PutAside.reason]?.string ?? headers["x-first-death-reason"]?.string ?? "unknown"
        let lines = [
            letter.properties.messageID ?? "without an id",
            "  type      \(letter.properties.type ?? "-")",
            "  time      \(time ?? "-")",
            "  key       \(headers[PutAside.routingKey]?.string ?? letter.routingKey)",
            "  request   \(letter.properties.correlationID ?? "-")",
            "  attempts  \(headers[PutAside.attempts]?.int ?? 0)",
            "  reason    \(reason)",
        ]
        return (lines + (withBody ? ["  body      " + String(decoding: letter.body, as: UTF8.self)] : []))
            .joined(separator: "\n")
    }
}
