import Events
import Foundation
import Identifiers
import ParlorClient
import TestSupport
import Testing

@testable import SignalingService

/// The listening session of a room, as sockets see it.
@Suite struct SessionTests {
    static let id = (SessionID.new()).description

    static func state(_ version: Int64, id: String = id, queue: [String] = []) -> SessionState {
        let at = Timestamp.now().description
        func item(_ title: String, _ position: Int, playedAt: Events.JSONValue) -> Events.JSONValue {
            .object([
                "id": .string(QueueItemID.new().description), "addedBy": .string(UserID.new().description),
                "trackRef": .object([
                    "provider": .string("tape"), "id": .string(title), "title": .string(title),
                    "durationMs": .integer(60_000),
                ]),
                "position": .integer(Int64(position)), "upvotes": .integer(0), "downvotes": .integer(0),
                "playedAt": playedAt, "skipped": .bool(false),
            ])
        }
        return SessionState(
            session: .object([
                "id": .string(id), "roomId": .null, "name": .string("Late"), "genre": .string("jazz"),
                "tags": .array([]), "isPrivate": .bool(false), "hostId": .string(UserID.new().description),
                "currentDJId": .string(UserID.new().description), "status": .string("active"),
                "listenerCount": .integer(1), "createdAt": .string(at), "endedAt": .null,
                "nowPlaying": .object([
                    "item": item("first", 1, playedAt: .string(at)), "startedAt": .string(at),
                    "positionMs": .integer(0), "pausedAt": .null,
                ]),
                "queue": .array(queue.enumerated().map { item($1, $0 + 2, playedAt: .null) }),
            ]), sessionVersion: version)
    }

    static func titles(_ session: ParlorClient.JSONValue?) -> [String] {
        session?["queue"]?.array?.compactMap { $0["trackRef"]?["title"]?.string } ?? []
    }

    /// Ada sits in a room with a session; Bob was there, and is remembered.
    private static func with(
        _ rabbit: RabbitMQServer? = nil,
        _ body: @escaping @Sendable (World, Node, _ room: RoomRef, _ ada: Talker, _ bob: Person) async throws -> Void
    ) async throws {
        try await World.with(rabbit: rabbit) { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            let room = try await world.house.makeRoom([ada, bob])
            await world.house.set { house in
                house.remembers = true
                house.session = state(1, queue: ["second"])
            }
            try await world.withNode { node in
                let first = try await node.connect(ada, room)
                let joined = try await first.joined()
                #expect(titles(joined["session"]) == ["second"])
                let once = try await node.connect(bob, room)
                _ = try await once.joined()
                try await once.send(["type": "bye"])
                try await expect(once, closesWith: 1000)
                try await body(world, node, room, first, bob)
            }
        }
    }

    private static func tell(_ state: SessionState, _ world: World, _ room: RoomRef) async throws {
        try await world.house.publish(Event(body: .queueUpdated(state), room: room))
    }

    @Test func whoJoinsLaterReadsTheLastStateAndAsksNobody() async throws {
        try await Self.with { world, node, room, ada, bob in
            let calls = await world.house.admissionCalls
            try await Self.tell(Self.state(2, queue: ["second", "third"]), world, room)
            let told = try await ada.frame("queue_updated")
            #expect(Self.titles(told["session"]) == ["second", "third"])
            let joined = try await node.connect(bob, room).joined()
            #expect(Self.titles(joined["session"]) == ["second", "third"])
            let started = joined["session"]?["nowPlaying"]?["startedAt"]?.string.flatMap(Timestamp.init)
            let now = joined["serverTime"]?.string.flatMap(Timestamp.init)
            let position = try #require(joined["session"]?["nowPlaying"]?["positionMs"]?.int)
            #expect(now?.since(started!) == .milliseconds(position))
            #expect(await world.house.admissionCalls == calls)
            #expect(await world.house.sessionReads == 0)
        }
    }

    @Test func anEarlierStateThatComesLateIsToldNobody() async throws {
        try await Self.with { world, node, room, ada, bob in
            try await Self.tell(Self.state(3, queue: ["third"]), world, room)
            try await Self.tell(Self.state(2, queue: ["late"]), world, room)
            try await Self.tell(Self.state(4, queue: ["fourth"]), world, room)
            _ = try await ada.frame("queue_updated") { Self.titles($0["session"]) == ["fourth"] }
            #expect(ada.frames("queue_updated").map { Self.titles($0["session"]) } == [["third"], ["fourth"]])
            let joined = try await node.connect(bob, room).joined()
            #expect(Self.titles(joined["session"]) == ["fourth"])
        }
    }

    @Test func afterItsEndThereIsNone() async throws {
        try await Self.with { world, node, room, ada, bob in
            await world.house.set { $0.session = nil }
            try await world.house.fact(.sessionEnded(Self.state(2).session), by: nil, in: room)
            _ = try await ada.frame("session_ended")
            try await Self.tell(Self.state(1, queue: ["late"]), world, room)
            let joined = try await node.connect(bob, room).joined()
            #expect(joined["session"] == .null)
            // The next one is another.
            let next = SessionID.new().description
            try await Self.tell(Self.state(1, id: next, queue: ["new"]), world, room)
            _ = try await ada.frame("queue_updated")
            #expect(ada.frames("queue_updated").map { Self.titles($0["session"]) } == [["new"]])
        }
    }

    /// What was said while the broker was away is not said again, but how things stand is.
    @Test func afterADeafMomentSocketsAreToldWhatChanged() async throws {
        let rabbit = try await RabbitMQServer.start()
        try await Self.with(rabbit) { world, node, room, ada, bob in
            try await rabbit.kill()
            try await eventually("the node hears nothing") { try await !Node.isReady(node.url) }
            await world.house.set { $0.session = Self.state(5, queue: ["meanwhile"]) }
            try await rabbit.launch()
            let told = try await ada.frame("queue_updated")
            #expect(Self.titles(told["session"]) == ["meanwhile"])
            let joined = try await node.connect(bob, room).joined()
            #expect(Self.titles(joined["session"]) == ["meanwhile"])
            #expect(await world.house.sessionReads >= 1)
        }
        try await rabbit.stop()
    }
}
