import AMQP
import EventBus
import Events
import Foundation
import Identifiers
import Logging
import Synchronization
import TestSupport

@testable import MessageService

/// Hears all events of a stage's broker, and speaks to it as a signaling node does.
final class Ear: Sendable {
    private struct State {
        var events: [Event] = []
        var replies: [UUID: CommandReply] = [:]
        /// Commands that got a reply besides their event.
        var answered: Set<UUID> = []
    }

    private let state = Mutex(State())

    var events: [Event] { state.withLock { $0.events } }

    /// The entries of a room, as often as each was told.
    func events(of room: RoomRef) -> [Event] { events.filter { $0.room?.id == room.id && $0.seq != nil } }

    /// The same, each when it was told first: delivery is at least once, and the relay repeats what was confirmed late.
    func firsts(of room: RoomRef) -> [Event] {
        var seen: Set<EventID> = []
        return events(of: room).filter { seen.insert($0.id).inserted }
    }

    func reply(to id: UUID) -> CommandReply? { state.withLock { $0.replies[id] } }

    func hasAnswer(to id: UUID) -> Bool { state.withLock { $0.answered.contains(id) } }

    fileprivate func heard(_ delivery: AMQPDelivery) {
        if let event = try? Event(delivery) {
            state.withLock { state in
                state.events.append(event)
                // A command's event is its reply.
                guard case .timeline(.messageCreated(let message)) = event.body, let seq = event.seq else { return }
                let id = message.id.uuid
                state.replies[id] = state.replies[id] ?? .stored(id, messageId: message.id, seq: seq)
            }
        } else if let batch = try? WireJSON.decode(ReplyBatch.self, from: delivery.body) {
            state.withLock { state in
                for reply in batch.replies {
                    state.replies[reply.id] = reply
                    state.answered.insert(reply.id)
                }
            }
        }
    }
}

/// Sends commands and hears their replies.
struct Node: Sendable {
    let ear: Ear
    private let publisher: AMQPPublisher
    private let queue: @Sendable () -> String?

    fileprivate init(ear: Ear, publisher: AMQPPublisher, queue: @escaping @Sendable () -> String?) {
        self.ear = ear
        self.publisher = publisher
        self.queue = queue
    }

    func send(_ commands: [MessageCommand]) async throws {
        guard let first = commands.first else { return }
        let message = AMQPMessage(
            body: try WireJSON.encode(CommandBatch(commands: commands)),
            properties: AMQPProperties(contentType: "application/json", persistent: false, replyTo: queue()))
        try await publisher.publish(
            message, exchange: CommandShard.exchange, routingKey: String(CommandShard.shard(of: first.roomUuid)))
    }

    /// Sends one command and waits for its reply.
    func ask(_ command: MessageCommand) async throws -> CommandReply {
        try await askAll([command])
        return ear.reply(to: command.id)!
    }

    /// Sends commands together and waits for all their replies. A command lives ten seconds, which may be too short on a
    /// busy machine: like a signaling node this one then says the same again, under the same keys.
    func askAll(_ commands: [MessageCommand]) async throws {
        var sent = ContinuousClock.now
        try await send(commands)
        try await eventually("the commands are answered") {
            if commands.allSatisfy({ ear.reply(to: $0.id) != nil }) { return true }
            if ContinuousClock.now - sent > .seconds(15) {
                try await send(commands)
                sent = .now
            }
            return false
        }
    }
}

extension MessageCommand {
    static func text(_ content: String, _ room: RoomRef, by user: UserID, id: String? = nil) -> MessageCommand {
        MessageCommand(
            id: UUID(), roomUuid: room.id, roomId: room.code, userId: user, requestId: "request", type: .text,
            content: content, trackRef: nil, parentId: nil, clientMessageId: id ?? UUID().uuidString)
    }
}

extension Stage {
    /// Lends a node that is connected and hears everything from now on.
    func withNode<T: Sendable>(_ body: @Sendable (Node) async throws -> T) async throws -> T {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let configuration = try AMQPConfiguration(url: brokerURL, connectionName: "test-node")
        let ear = Ear()
        var topology = EventTopology.publishing
        topology.queues = [.exclusive()]
        topology.bindings = [AMQPBinding(exchange: EventTopology.exchange, queue: "", routingKey: "#")]
        let consumer = AMQPConsumer(configuration, topology: topology, queue: "", concurrency: 1, logger: logger) {
            ear.heard($0)
            return .ack
        }
        let publisher = AMQPPublisher(
            configuration, topology: CommandTopology.commands.merging(EventTopology.publishing), logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            group.addTask { try await publisher.run() }
            try await eventually("the node is connected") { consumer.isConnected && publisher.isAvailable }
            let result = try await body(Node(ear: ear, publisher: publisher) { consumer.queueName })
            group.cancelAll()
            return result
        }
    }
}
