import Foundation
import IOReactor
import Synchronization

/// The way of a message without any service: a command through a queue, what waits there inserted in one transaction,
/// an event for each through a topic exchange. One thread speaks and listens, one stores.
///
/// Unchecked: each half belongs to one thread at a time.
final class BareMessagePath: @unchecked Sendable {
    private static let commands = "bench.commands"
    private static let events = "bench.events"
    private static let exchange = "parlor.events"
    private static let key = "bench.message_created.abc-defg-hij"
    private static let largestBatch = 500

    private let client: BareRabbitMQ
    private let broker: BareRabbitMQ
    private let database: BarePostgres
    private let isOver = Atomic(false)
    private var seq = 0
    /// As long as a command and an event of ours.
    private let commandPadding = [UInt8](repeating: UInt8(ascii: "x"), count: 420)
    private let eventPadding = [UInt8](repeating: UInt8(ascii: "x"), count: 780)

    /// - Parameters: the addresses of the servers that the services use.
    init(database: String, broker: String) throws {
        self.database = try BarePostgres(database)
        try BareTable.make(self.database)
        try self.database.prepare(
            "insert",
            """
            INSERT INTO \(BareTable.columns)
            SELECT '00000000-0000-7000-8000-000000000001', seq, id, '00000000-0000-7000-8000-0000000000aa', now(), 1,
                'text', client_id, content
            FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[]) AS message (seq, id, client_id, content)
            """)
        client = try BareRabbitMQ(broker)
        self.broker = try BareRabbitMQ(broker)
        try self.broker.declareQueue(Self.commands)
        try self.broker.consume(Self.commands, prefetch: UInt16(Self.largestBatch))
        try client.declareQueue(Self.events, exchange: Self.exchange, key: Self.key)
        try client.consume(Self.events, prefetch: 0, withoutAcks: true)
    }

    func drop() throws { try BareTable.drop(database) }

    struct Outcome: Sendable {
        var latencies: [Duration]
        var perSecond: Double
    }

    /// Keeps so many messages under way.
    func run(for time: Duration, underWay: Int) async throws -> Outcome {
        isOver.store(false, ordering: .relaxed)
        async let stored: Void = OwnThread.run("bare store") { try self.store() }
        let outcome = try await OwnThread.run("bare client") {
            defer { self.isOver.store(true, ordering: .relaxed) }
            return try self.talk(for: time, underWay: underWay)
        }
        try await stored
        return outcome
    }

    private func talk(for time: Duration, underWay: Int) throws -> Outcome {
        let begin = ContinuousClock.now
        var sentAt: [ContinuousClock.Instant] = []
        var latencies: [Duration] = []
        func send() throws {
            try client.publish(Self.body(sentAt.count, commandPadding), key: Self.commands, persistent: false)
            sentAt.append(.now)
        }
        for _ in 0..<underWay { try send() }
        while latencies.count < sentAt.count {
            guard let event = try client.next(within: 10_000_000) else {
                throw Stack.Fault(description: "the bare loop lost \(sentAt.count - latencies.count) messages")
            }
            let now = ContinuousClock.now
            latencies.append(now - sentAt[Self.number(event.body)])
            if now - begin < time { try send() }
        }
        return Outcome(
            latencies: latencies, perSecond: Double(latencies.count) / ((ContinuousClock.now - begin) / .seconds(1)))
    }

    private func store() throws {
        while !isOver.load(ordering: .relaxed) {
            var numbers: [Int] = []
            var tag: UInt64 = 0
            // Waits for the first, and takes what is there besides.
            while numbers.count < Self.largestBatch,
                let command = try broker.next(within: numbers.isEmpty ? 50_000 : 0)
            {
                numbers.append(Self.number(command.body))
                tag = command.tag
            }
            guard !numbers.isEmpty else { continue }
            try insert(numbers.count)
            for number in numbers {
                try broker.publish(
                    Self.body(number, eventPadding), exchange: Self.exchange, key: Self.key, persistent: true)
            }
            broker.acknowledge(tag)
        }
    }

    private func insert(_ count: Int) throws {
        let seqs = (seq + 1)...(seq + count)
        seq += count
        try database.run(
            prepared: "insert",
            [
                Self.list(seqs.map(String.init)), Self.list(seqs.map { _ in UUID().uuidString }),
                Self.list(seqs.map { "client-\($0)" }), Self.list(seqs.map { "\"\($0) \(BareTable.text)\"" }),
            ])
    }

    private static func list(_ values: [String]) -> String { "{" + values.joined(separator: ",") + "}" }

    private static func body(_ number: Int, _ padding: [UInt8]) -> [UInt8] {
        var body = padding
        withUnsafeBytes(of: number) { body.replaceSubrange(0..<8, with: $0) }
        return body
    }

    private static func number(_ body: [UInt8]) -> Int {
        body.withUnsafeBytes { $0.loadUnaligned(as: Int.self) }
    }
}
