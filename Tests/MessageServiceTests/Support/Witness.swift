import AMQP
import EventBus
import Events
import Identifiers
import Logging
import Synchronization
import TestSupport

@testable import MessageService

/// A durable queue that all entries pass, in the order in which the broker took them, whatever becomes of it meanwhile.
/// A classic one: of RabbitMQ 3.10's quorum queues, some never confirm again after a `kill -9` soon after their declaration.
///
/// It is read when all is over: a consumer that is cut off meanwhile would be given some again.
struct Witness: Sendable {
    private static let queue = "witness"
    private static let topology = {
        var topology = EventTopology.publishing
        topology.queues = [AMQPQueue(queue)]
        topology.bindings = [AMQPBinding(exchange: EventTopology.exchange, queue: queue, routingKey: "#")]
        return topology
    }()

    private let configuration: AMQPConfiguration
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// From now on nothing is missed.
    init(brokerURL: String) async throws {
        configuration = try AMQPConfiguration(url: brokerURL, connectionName: "witness")
        let publisher = AMQPPublisher(configuration, topology: Self.topology, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            try await eventually("the queue is there") { publisher.isAvailable }
            group.cancelAll()
        }
    }

    /// The numbers of each room as they first came, once every room has come to its last.
    ///
    /// - Parameter last: the last number of each room.
    func firstAppearances(until last: [RoomID: Int64]) async throws -> [RoomID: [Int64]] {
        try await firstEvents(until: last).mapValues { $0.compactMap(\.seq) }
    }

    /// The same, of the events themselves.
    func firstEvents(until last: [RoomID: Int64]) async throws -> [RoomID: [Event]] {
        let seen = Mutex<[RoomID: (events: [Event], seqs: Set<Int64>)]>([:])
        let consumer = AMQPConsumer(
            configuration, topology: Self.topology, queue: Self.queue, concurrency: 1, logger: logger
        ) { delivery in
            guard let event = try? Event(delivery), let room = event.room?.id, let seq = event.seq else { return .ack }
            seen.withLock { seen in
                if seen[room, default: ([], [])].seqs.insert(seq).inserted { seen[room]?.events.append(event) }
            }
            return .ack
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            try await eventually("every entry came") {
                seen.withLock { seen in last.allSatisfy { seen[$0]?.seqs.count == Int($1) } }
            }
            group.cancelAll()
            return seen.withLock { $0.mapValues(\.events) }
        }
    }
}
