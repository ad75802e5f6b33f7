import AMQP
import Events
import Identifiers
import Synchronization
import TestSupport
import Testing

@testable import MessageService

/// Entries leave in the order of their numbers, room by room, also those that could not leave at once.
@Suite(.serialized) struct OrderTests {
    @Test func underLoadWhileTheBrokerIsKilledAndPaused() async throws {
        try await Self.withBroker { broker, stage in
            let instances = [try await stage.start(), try await stage.start()]
            let witness = try await Witness(brokerURL: stage.brokerURL)
            let people = (0..<12).map { _ in UserID.new() }
            let rooms = people.map { stage.rooms.create(owner: $0) }
            let last = try await Load(pause: 20).run(people, rooms, instances) {
                for _ in 0..<2 {
                    try await broker.kill()
                    try await Self.untilRoomsAreLeftToTheRelay(instances[0], count: rooms.count)
                    try await broker.launch()
                    try await Self.untilRoomsAreGivenBack(instances[0])
                }
                broker.pause()
                try await Self.untilRoomsAreLeftToTheRelay(instances[0], count: rooms.count)
                broker.resume()
                try await Self.untilRoomsAreGivenBack(instances[0])
            }
            let told = try await witness.firstAppearances(of: instances[0])
            for (room, seq) in last { expectDense(told[room], upTo: seq) }
            for instance in instances { await instance.stop() }
        }
    }

    @Test func whileOneInstanceOfTwoIsCutOff() async throws {
        try await Self.withBroker { broker, stage in
            try await broker.addUser("cut")
            let own = stage.brokerURL.replacing("guest:guest", with: "cut:cut")
            let near = try await stage.start()
            let far = try await stage.start(["RABBITMQ_URL": own])
            let witness = try await Witness(brokerURL: stage.brokerURL)
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            _ = try await far.send(anna, room, "before")
            try await broker.deleteUser("cut")
            try await eventually("the link is lost") { !far.parts.publisher.isAvailable }
            var last: Int64 = 0
            for number in 0..<50 {
                last = try #require(try await far.send(anna, room, "cut off \(number)").json["seq"]?.integer)
                // Its own knowledge goes into the room's row before others append.
                try await eventually("the relay has it") { far.parts.store.flow.failed.isEmpty }
                last = try #require(try await near.send(anna, room, "near \(number)").json["seq"]?.integer)
            }
            try await eventually("all was published") { try await near.parts.store.hasNothingToPublish }
            try await broker.addUser("cut")
            try await eventually("the link is back") { far.parts.publisher.isAvailable }
            for number in 0..<20 {
                last = try #require(try await far.send(anna, room, "after \(number)").json["seq"]?.integer)
            }
            let told = try await witness.firstAppearances(of: near)
            expectDense(told[room.id], upTo: last)
            await far.stop()
            await near.stop()
        }
    }

    @Test func aRoomThatIsNeverSilentIsGivenBackAllTheSame() async throws {
        try await Self.withBroker { _, stage in
            let instance = try await stage.start()
            let witness = try await Witness(brokerURL: stage.brokerURL)
            let people = (0..<6).map { _ in UserID.new() }
            let room = stage.rooms.create(owner: people[0])
            for person in people.dropFirst() { stage.rooms.join(room, person) }
            _ = try await instance.send(people[0], room, "first")
            let rooms = people.map { _ in room }
            let last = try await Load(pause: 0).run(people, rooms, [instance]) {
                for _ in 0..<5 {
                    #expect(try await instance.parts.store.leaveToRelay([room.id]).count == 1)
                    try await Self.untilRoomsAreGivenBack(instance)
                }
            }
            let told = try await witness.firstAppearances(of: instance)
            expectDense(told[room.id], upTo: try #require(last[room.id]))
            await instance.stop()
        }
    }

    /// Ten minutes of load are many rooms with a backlog each.
    @Test func aBacklogOverManyRoomsLeavesInOrder() async throws {
        try await Self.withBroker { broker, stage in
            let instance = try await stage.start()
            let witness = try await Witness(brokerURL: stage.brokerURL)
            try await broker.kill()
            var last: [RoomID: Int64] = [:]
            for _ in 0..<100 {
                let anna = UserID.new()
                let room = stage.rooms.create(owner: anna)
                _ = try await instance.send(anna, room, "first")
                let draft = try MessageDraft(
                    type: .text, content: "x", trackRef: nil, parentId: nil, clientMessageId: nil,
                    limits: MessageLimits())
                let batch = (0..<300).map { _ in PendingMessage(room: room, userId: anna, draft: draft) }
                _ = await instance.parts.writer.send(batch)
                last[room.id] = 302
            }
            try await broker.launch()
            try await eventually("the broker is back") { instance.parts.publisher.isAvailable }
            let told = try await witness.firstAppearances(of: instance)
            for (room, seq) in last { expectDense(told[room], upTo: seq) }
            await instance.stop()
        }
    }

    // MARK: -

    private static func withBroker(_ body: (RabbitMQServer, Stage) async throws -> Void) async throws {
        await Turnstile.shared.enter()
        defer { Turnstile.shared.leave() }
        let broker = try await RabbitMQServer.start()
        try await PostgresServer.withDatabase { database in
            try await RedisServer.shared().withDatabase { redis in
                try await body(
                    broker,
                    Stage(databaseURL: database, brokerURL: broker.url, redisURL: redis, rooms: FakeRooms()))
            }
        }
        try await broker.stop()
    }

    private static func untilRoomsAreLeftToTheRelay(_ instance: Instance, count: Int) async throws {
        try await eventually("rooms are left to the relay") {
            try await instance.parts.store.relayedRooms(limit: count).count == count
        }
    }

    private static func untilRoomsAreGivenBack(_ instance: Instance) async throws {
        try await eventually("rooms are given back", within: .seconds(180)) {
            try await instance.parts.store.relayedRooms(limit: 1).isEmpty
        }
    }
}

/// Tells what is missing and what came too early, of numbers that should be 1 to `last` in order.
private func expectDense(_ told: [Int64]?, upTo last: Int64, sourceLocation: SourceLocation = #_sourceLocation) {
    let told = told ?? []
    let missing = Set(1...last).subtracting(told).sorted()
    let early = zip(told, told.dropFirst()).filter { $0 > $1 }.map(\.0)
    #expect(missing == [], "of \(last)", sourceLocation: sourceLocation)
    #expect(early == [], "of \(last)", sourceLocation: sourceLocation)
}

/// Each person writes to one room, again and again.
private final class Load: Sendable {
    private let isOver = Mutex(false)
    private let pause: Int

    /// - Parameter pause: milliseconds between two messages of one person, at most.
    init(pause: Int) { self.pause = pause }

    /// Goes on while `body` runs; returns the last number of each room.
    func run(
        _ people: [UserID], _ rooms: [RoomRef], _ instances: [Instance], _ body: () async throws -> Void
    ) async throws -> [RoomID: Int64] {
        try await withThrowingTaskGroup(of: (RoomID, Int64).self) { group in
            for (position, (person, room)) in zip(people, rooms).enumerated() {
                // A room's sockets have one shard, and that one instance.
                let instance = instances[position % instances.count]
                group.addTask { (room.id, try await self.write(to: room, by: person, over: instance)) }
            }
            defer { isOver.withLock { $0 = true } }
            try await body()
            isOver.withLock { $0 = true }
            return try await group.reduce(into: [:]) { $0[$1.0] = max($0[$1.0] ?? 0, $1.1) }
        }
    }

    private func write(to room: RoomRef, by person: UserID, over instance: Instance) async throws -> Int64 {
        var last: Int64 = 0
        repeat {
            let answer = try await instance.send(person, room, "after \(last)")
            last = try #require(answer.json["seq"]?.integer)
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...pause)))
        } while !isOver.withLock { $0 }
        return last
    }
}

extension RabbitMQServer {
    /// With its own name as its password.
    fileprivate func addUser(_ name: String) async throws {
        try await evaluate(
            """
            rabbit_auth_backend_internal:add_user(<<"\(name)">>, <<"\(name)">>, <<"test">>),
            rabbit_auth_backend_internal:set_permissions(
                <<"\(name)">>, <<"/">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>).
            """)
    }

    /// Its connections end, and it gets no new ones.
    fileprivate func deleteUser(_ name: String) async throws {
        try await evaluate("rabbit_auth_backend_internal:delete_user(<<\"\(name)\">>, <<\"test\">>).")
        try await closeConnections()
    }
}
