import AMQP
import EventBus
import Events
import HTTPTypes
import Identifiers
import Logging
import Postgres
import Synchronization
import Testing
import TestSupport

@testable import RoomService

/// What everybody is told of sessions over the broker.
@Suite struct QueueUpdateTests {
    /// What came on the exchange.
    private final class Heard: Sendable {
        private let events = Mutex<[Event]>([])
        func add(_ event: Event) { events.withLock { $0.append(event) } }
        var updates: [SessionState] {
            events.withLock { $0 }.compactMap { if case .queueUpdated(let state) = $0.body { state } else { nil } }
        }
        var count: Int { updates.count }
    }

    private static func run(
        _ body: @escaping @Sendable (TestRooms, QueueUpdates, Heard) async throws -> Void
    ) async throws {
        try await RabbitMQServer.shared().withVhost { url in
            try await TestRooms.run(["RABBITMQ_URL": url]) { rooms in
                let heard = Heard()
                var topology = EventTopology.publishing
                topology.queues = [.exclusive()]
                topology.bindings = [
                    AMQPBinding(exchange: EventTopology.exchange, queue: "", routingKey: "session.queue_updated.*")
                ]
                let consumer = AMQPConsumer(
                    rooms.app.amqp, topology: topology, queues: [""], prefetch: 100, maxBatch: 100, logger: .silent
                ) { deliveries in
                    for delivery in deliveries { if let event = try? Event(delivery) { heard.add(event) } }
                    return .ack
                }
                let updates = QueueUpdates(
                    store: rooms.app.store, seats: rooms.app.seats, publisher: rooms.app.publisher, logger: .silent)
                try await serving([consumer]) {
                    try await eventually("the broker is there") {
                        rooms.app.publisher.isAvailable && consumer.isConnected
                    }
                    try await body(rooms, updates, heard)
                }
            }
        }
    }

    @Test func manyChangesAreFewEventsAndTheLastIsHowItStands() async throws {
        try await Self.run { rooms, updates, heard in
            let listening = try await Listening(rooms, listeners: 20, track: 60_000)
            let item = try await listening.queue("second")
            try await serving([updates]) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for listener in listening.listeners {
                        group.addTask { try await listening.vote("upvote", item, as: listener) }
                    }
                    try await group.waitForAll()
                }
                try await eventually("the last vote is told") {
                    heard.updates.last?.session["queue"][0]["upvotes"] == 20
                }
            }
            #expect(heard.count < 20, "many at once become one")
            let last = try #require(heard.updates.last)
            #expect(last.session["listenerCount"] == 21)
            #expect(!last.session["queue"][0].fields.contains("myVote"))
            let versions = heard.updates.compactMap(\.sessionVersion)
            #expect(versions == versions.sorted() && Set(versions).count == versions.count)
            #expect(try await rooms.app.store.untoldSessions(limit: 10).isEmpty)
        }
    }

    /// The instance that made the change died before it told.
    @Test func whatNobodyToldIsToldByAnother() async throws {
        try await Self.run { rooms, updates, heard in
            let listening = try await Listening(rooms, track: 60_000)
            _ = rooms.app.store.sessionNews.takeChanged()
            try await serving([updates]) {
                try await eventually("another instance tells") { heard.count == 1 }
                #expect(heard.updates[0].session["id"].string == listening.id)
                try await listening.call(.patch, "/end", as: listening.host)
                try await eventually("an end needs no telling") {
                    try await rooms.sql("SELECT FROM sessions WHERE told_version < version").isEmpty
                }
            }
            #expect(heard.count == 1)
        }
    }

    @Test func otherServicesAskHowSessionsStand() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 1, track: 60_000)
            let silent = try await rooms.room(listening.host)
            let path = "/internal/rooms/\(listening.room)/admission/\(listening.host.id)"
            let admission = try await rooms.ask(.get, path).json
            #expect(admission["session"]["session"]["id"].string == listening.id)
            #expect(admission["session"]["session"]["queue"] == .array([]))
            #expect(admission["session"]["sessionVersion"].int ?? 0 > 0)
            let other = try await rooms.ask(.get, "/internal/rooms/\(silent)/admission/\(listening.host.id)").json
            #expect(other["session"] == .null)
            let ids = [try await rooms.id(of: listening.room), try await rooms.id(of: silent), RoomID.new()]
            let body = JSONValue.object(["rooms": .array(ids.map { .string($0.description) })])
            let answer = try await rooms.send(
                .post, "/internal/rooms/sessions", text: String(decoding: try WireJSON.encode(body), as: UTF8.self),
                headers: ["Authorization": "Bearer internal"]
            ).json
            #expect(answer.items.count == 2)
            let item = answer.items.first { $0["roomUuid"].string == ids[0].description }
            #expect(item?["session"]["session"]["nowPlaying"]["item"]["trackRef"]["title"] == "first")
            #expect(answer.items.first { $0["roomUuid"].string == ids[1].description }?["session"] == .null)
        }
    }
}
