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
    private static let lastPage = "witness.last_page"
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

    /// The numbers of each room as they first came.
    func firstAppearances(of instance: Instance) async throws -> [RoomID: [Int64]] {
        try await firstEvents(of: instance).mapValues { $0.compactMap(\.seq) }
    }

    /// The same, of the events themselves: all that the broker confirmed until the instance's database had nothing left
    /// to publish.
    func firstEvents(of instance: Instance) async throws -> [RoomID: [Event]] {
        try await eventually("all was published", within: .seconds(180)) {
            try await instance.parts.store.hasNothingToPublish
        }
        try await putLastPage()
        let seen = Mutex<[RoomID: (events: [Event], seqs: Set<Int64>)]>([:])
        let isRead = Mutex(false)
        let consumer = AMQPConsumer(
            configuration, topology: Self.topology, queue: Self.queue, concurrency: 1, logger: logger
        ) { delivery in
            if delivery.routingKey == Self.lastPage { isRead.withLock { $0 = true } }
            guard let event = try? Event(delivery), let room = event.room?.id, let seq = event.seq else { return .ack }
            seen.withLock { seen in
                if seen[room, default: ([], [])].seqs.insert(seq).inserted { seen[room]?.events.append(event) }
            }
            return .ack
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            try await eventually("all was read", within: .seconds(300)) { isRead.withLock(\.self) }
            group.cancelAll()
            return seen.withLock { $0.mapValues(\.events) }
        }
    }

    /// What comes before it in the queue is all there is.
    private func putLastPage() async throws {
        let publisher = AMQPPublisher(configuration, topology: Self.topology, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            try await eventually("the queue is there") { publisher.isAvailable }
            try await publisher.publish(
                AMQPMessage(body: []), exchange: EventTopology.exchange, routingKey: Self.lastPage, mandatory: true)
            group.cancelAll()
        }
    }
}
