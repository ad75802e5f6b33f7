import AMQP
import EventBus
import Events
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport

/// Keeps activity, message counts and presence of rooms near what happens in them.
///
/// It hears of every message, so it must cost almost nothing: messages are counted by their routing keys without being
/// read, what comes within a moment is written together, and the queue lives in the broker's memory. What gets lost with
/// the broker is set right by the maintenance job and by whoever asks the owner of the truth.
final class ActivityFeed: Service {
    private static let queue = "rooms.activity"
    private static let pause: Duration = .milliseconds(200)

    private let consumer: AMQPConsumer

    init(
        amqp: AMQPConfiguration, activity: ActivityStore, logger: Logger,
        onConnect: @escaping @Sendable () async -> Void
    ) {
        var topology = EventTopology.publishing
        topology.queues = [
            AMQPQueue(
                Self.queue, durable: false,
                arguments: ["x-max-length": .int(200_000), "x-overflow": "drop-head"])
        ]
        topology.bindings = ["message.created.*", "room.user_joined.*", "room.user_left.*"].map {
            AMQPBinding(exchange: EventTopology.exchange, queue: Self.queue, routingKey: $0)
        }
        consumer = AMQPConsumer(
            amqp, topology: topology, queues: [Self.queue], prefetch: 10_000, maxBatch: 5000, logger: logger,
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
        let words = delivery.routingKey.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count == 3, let code = RoomCode(String(words[2])) else { return }
        if words[0] == "message" {
            let time = delivery.properties.headers["cloudEvents_time"]?.string.flatMap(Timestamp.init) ?? .now()
            addMessage(in: code, at: time)
        } else if let event = try? Event(delivery) {
            add(event, in: code)
        }
    }

    mutating func addMessage(in code: RoomCode, at time: Timestamp) {
        let before = messages[code]
        messages[code] = Messages(count: (before?.count ?? 0) + 1, latest: max(before?.latest ?? time, time))
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
