import AMQP
import EventBus
import Events
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport

/// Keeps activity, message counts and presence of rooms near what happens in them.
///
/// It must cost almost nothing: messages come as tallies, what comes within a moment is written together, and the queue
/// lives in the broker's memory. What gets lost with the broker is set right by the maintenance job and by whoever asks
/// the owner of the truth.
final class ActivityFeed: Service {
    private static let pause: Duration = .milliseconds(200)

    private let consumer: AMQPConsumer

    init(
        amqp: AMQPConfiguration, activity: ActivityStore, logger: Logger,
        onConnect: @escaping @Sendable () async -> Void
    ) {
        var topology = EventTopology.publishing
        topology.queues = [
            AMQPQueue(
                MessageTally.queue, durable: false,
                arguments: ["x-max-length": .int(200_000), "x-overflow": "drop-head"])
        ]
        topology.bindings = ["room.user_joined.*", "room.user_left.*"].map {
            AMQPBinding(exchange: EventTopology.exchange, queue: MessageTally.queue, routingKey: $0)
        }
        consumer = AMQPConsumer(
            amqp, topology: topology, queues: [MessageTally.queue], prefetch: 10_000, maxBatch: 5000, logger: logger,
            onConnect: onConnect
        ) { deliveries in
            var batch = ActivityBatch()
            for delivery in deliveries { batch.add(delivery) }
            do {
                try await activity.apply(batch)
            } catch {
                // Late news is no news: what is lost here is put right by the maintenance job.
                logger.warning("activity not recorded", metadata: [LogKeys.error: "\(error)"])
            }
            try? await Task.sleep(for: Self.pause)
            return .ack
        }
    }

    func run() async throws { try await consumer.run() }
}

/// What a moment's events say about rooms, put together.
struct ActivityBatch: Sendable {
    struct Messages: Sendable, Equatable {
        var count: Int64
        var latest: Timestamp
    }

    struct Presence: Sendable, Equatable {
        /// As the last event said.
        var participantCount: Int
        var latest: Timestamp
        /// Who came (true) or went, by the last event about them.
        var users: [UserID: Bool]
    }

    private(set) var messages: [RoomCode: Messages] = [:]
    private(set) var presence: [RoomCode: Presence] = [:]

    var isEmpty: Bool { messages.isEmpty && presence.isEmpty }

    mutating func add(_ delivery: AMQPDelivery) {
        if delivery.properties.type == MessageTally.type {
            guard let tally = try? WireJSON.decode(MessageTally.self, from: delivery.body) else { return }
            for room in tally.rooms { add(room) }
        } else if delivery.routingKey.hasPrefix("room."), let event = try? Event(delivery), let code = event.room?.code
        {
            // By a binding that earlier versions made, messages may come too until the broker is restarted.
            add(event, in: code)
        }
    }

    mutating func add(_ room: MessageTally.Room) {
        let before = messages[room.roomId]
        messages[room.roomId] = Messages(
            count: (before?.count ?? 0) + room.count, latest: max(before?.latest ?? room.latest, room.latest))
    }

    mutating func add(_ event: Event, in code: RoomCode) {
        let (count, user, isHere): (Int, UserID?, Bool)
        switch event.body {
        case .userJoined(let change): (count, user, isHere) = (change.participantCount, change.participant.userId, true)
        case .userLeft(let end): (count, user, isHere) = (end.participantCount, event.userId, false)
        default: return
        }
        var entry = presence[code] ?? Presence(participantCount: count, latest: event.timestamp, users: [:])
        entry.participantCount = count
        entry.latest = max(entry.latest, event.timestamp)
        if let user { entry.users[user] = isHere }
        presence[code] = entry
    }
}
