import AMQP
import EventBus
import Events
import Identifiers
import Logging
import Postgres
import ServiceLifecycle
import ServiceSupport

/// Hears the room service's facts from the broker.
///
/// A lost or repeated delivery does no harm: facts are numbered, and a hole is asked for. So nothing is remembered of
/// events here, and nothing is acknowledged before it is an entry.
struct FactConsumer: Service {
    private let consumer: AMQPConsumer

    /// - Parameter publisher: for what is no fact, to the dead letters.
    init(amqp: AMQPConfiguration, follower: FactFollower, publisher: AMQPPublisher, logger: Logger) {
        consumer = AMQPConsumer(
            amqp, topology: WorkQueue.facts.topology, queues: [WorkQueue.facts.name],
            prefetch: 256, maxBatch: 128, logger: logger,
            batchHandler: { await Self.handle($0, follower: follower, publisher: publisher, logger: logger) })
    }

    func run() async throws { try await consumer.run() }

    /// True while facts can arrive.
    var isConnected: Bool { consumer.isConnected }

    private static func handle(
        _ deliveries: [AMQPDelivery], follower: FactFollower, publisher: AMQPPublisher, logger: Logger
    ) async -> AMQPSettlement {
        var rooms: [RoomRef: [Event]] = [:]
        var strangers: [AMQPDelivery] = []
        for delivery in deliveries {
            guard let event = try? Event(delivery), let room = event.room, event.fact != nil else {
                strangers.append(delivery)
                continue
            }
            rooms[room, default: []].append(event)
        }
        await withTaskGroup(of: Void.self) { group in
            for (room, events) in rooms {
                group.addTask { await follow(events, of: room, follower: follower, logger: logger) }
            }
        }
        // Their neighbours come first. Should one have been a fact, the next finds the hole, and the room service is asked.
        for delivery in strangers {
            logger.error("no fact", metadata: [LogKeys.eventID: "\(delivery.properties.messageID ?? "-")"])
            guard await PutAside.bury(delivery, of: .facts, because: "no fact", over: publisher, logger: logger) else {
                return .reject(requeue: true)
            }
        }
        return Task.isCancelled ? .reject(requeue: true) : .ack
    }

    /// Does not give up while the database is away: without it nothing later can be done either.
    private static func follow(
        _ events: [Event], of room: RoomRef, follower: FactFollower, logger: Logger
    ) async {
        let facts = events.compactMap { event -> RoomFact? in
            guard case .timeline(let body) = event.body, let fact = event.fact else { return nil }
            return RoomFact(fact: fact, at: event.timestamp, userId: event.userId, body: body)
        }.sorted { $0.fact < $1.fact }
        let scope = events.last.flatMap { event in
            event.requestId.map { RequestScope(requestID: $0, traceparent: event.traceparent) }
        }
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                return try await RequestScope.$current.withValue(scope) {
                    try await follower.follow(facts, of: room)
                }
            } catch let error as PGError where !error.isUnavailable {
                // Never so again: the hole it leaves is asked for with the next fact.
                return logger.error(
                    "facts cannot be applied",
                    metadata: [LogKeys.roomID: "\(room.code)", LogKeys.error: "\(String(reflecting: error))"])
            } catch {
                logger.warning(
                    "facts wait",
                    metadata: [LogKeys.roomID: "\(room.code)", LogKeys.error: "\(String(reflecting: error))"])
                try? await Task.sleep(for: backoff.next())
            }
        }
    }
}
