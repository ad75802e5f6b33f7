import Events
import Foundation
import Identifiers
import ParlorClient
import Redis
import TestSupport
import Testing

@testable import SignalingService

/// Who is a member is read from the room's slot, and never believed against what was heard since.
@Suite struct RememberedMemberTests {
    /// Ada sits in the room, so that the node hears it; Bob was there and is remembered.
    private static func withBobRemembered(
        _ world: World,
        _ body: @escaping @Sendable (Node, _ room: RoomRef, _ ada: Talker, _ bob: Person) async throws -> Void
    ) async throws {
        let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
        let room = try await world.house.makeRoom([ada, bob])
        await world.house.set { $0.remembers = true }
        try await world.withNode { node in
            let first = try await node.connect(ada, room)
            _ = try await first.joined()
            let once = try await node.connect(bob, room)
            _ = try await once.joined()
            try await once.send(["type": "bye"])
            try await expect(once, closesWith: 1000)
            try await body(node, room, first, bob)
        }
    }

    @Test func whoIsRememberedCostsTheRoomServiceNothing() async throws {
        try await World.with { world in
            try await Self.withBobRemembered(world) { node, room, _, bob in
                let calls = await world.house.admissionCalls
                let joined = try await node.connect(bob, room).joined()
                #expect(await world.house.admissionCalls == calls)
                #expect(joined["room"]?["roomId"]?.string == room.code.description)
                #expect(joined["room"]?["name"] == "Test")
                #expect(joined["room"]?["myRole"] == "member")
                #expect(joined["room"]?["participantCount"] == 2)
                let own = joined["participants"]?.array?.first { $0["userId"]?.string == bob.userId.description }
                #expect(own?["displayName"] == "Bob")
                #expect(joined["recent"] == [])
            }
        }
    }

    @Test func aCrowdThatComesToANodeAtOnceCostsTheRoomServiceOneQuestion() async throws {
        try await World.with { world in
            let people = try await world.people(10)
            let room = try await world.house.makeRoom(people)
            await world.house.set { $0.remembers = true }
            for person in people { _ = try await world.house.admission("\(room.code)", "\(person.userId)") }
            try await world.withNode { node in
                let calls = await world.house.admissionCalls
                // Slow enough for all of them to be there before it is answered.
                await world.house.set { $0.afterAdmission = { _ in try await Task.sleep(for: .milliseconds(500)) } }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for person in people { group.addTask { _ = try await node.connect(person, room).joined() } }
                    try await group.waitForAll()
                }
                // One, but for those whom a busy Redis told too late.
                #expect(await world.house.admissionCalls - calls < 5)
            }
        }
    }

    @Test func whoWasRemovedIsRefusedThoughTheSlotSaysOtherwise() async throws {
        try await World.with { world in
            try await Self.withBobRemembered(world) { node, room, ada, bob in
                try await world.house.remove(bob, from: room)
                _ = try await ada.frame("member_left")
                try await expect(node.connect(bob, room), closesWith: 4003)
            }
        }
    }

    /// The node hears of a removal while it is being told how things were before.
    @Test func whatIsHeardDuringAQuestionOutweighsItsAnswer() async throws {
        try await World.with { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            let room = try await world.house.makeRoom([ada, bob])
            await world.house.set { $0.remembers = true }
            _ = try await world.house.admission("\(room.code)", "\(bob.userId)")
            try await world.withNode { node in
                // Only the fact is told: an entry would sow doubt of its own.
                await world.house.set { house in
                    house.tellsEntries = false
                    let calls = house.admissionCalls
                    house.afterAdmission = { house in
                        // The second question is put once the room is heard.
                        guard await house.admissionCalls == calls + 2 else { return }
                        try await house.remove(bob, from: room)
                        try await Task.sleep(for: .milliseconds(500))
                    }
                }
                _ = try await node.connect(ada, room).joined()
                try await expect(node.connect(bob, room), closesWith: 4003)
            }
        }
    }

    @Test func anEndThatWasHeardIsBelievedBeforeTheSlot() async throws {
        try await World.with { world in
            try await Self.withBobRemembered(world) { node, room, ada, bob in
                try await world.house.end(room)
                try await expect(ada, closesWith: 4005)
                try await expect(node.connect(bob, room), closesWith: 4005)
            }
        }
    }

    @Test func aSlotThatCannotBeReadIsAskedAround() async throws {
        try await World.with { world in
            try await Self.withBobRemembered(world) { node, room, _, bob in
                let key = RoomSlot.members(room.code)
                for (field, value) in [("room", "nonsense"), ("\(bob.userId)", "[]"), ("facts", "many")] {
                    let calls = await world.house.admissionCalls
                    _ = try await world.redis.send(RedisCommand("HSET", key, field, value))
                    let socket = try await node.connect(bob, room)
                    _ = try await socket.joined()
                    #expect(await world.house.admissionCalls == calls + 1, "\(field)")
                }
                _ = try await world.redis.send(RedisCommand("DEL", key))
                _ = try await world.redis.send(RedisCommand("SET", key, "not even a hash"))
                await world.house.set { $0.remembers = false }
                _ = try await node.connect(bob, room).joined()
            }
        }
    }

    /// What was said while the broker was away may be just what the slot does not know.
    @Test func afterADeafMomentTheRoomServiceIsAskedFirst() async throws {
        let rabbit = try await RabbitMQServer.start()
        try await World.with(rabbit: rabbit) { world in
            try await Self.withBobRemembered(world) { node, room, _, bob in
                try await rabbit.kill()
                try await eventually("the node hears nothing") { try await !Node.isReady(node.url) }
                await world.house.set {
                    $0.tellsFacts = false; $0.tellsEntries = false
                }
                try await world.house.remove(bob, from: room)
                try await rabbit.launch()
                try await eventually("the node hears again") { try await Node.isReady(node.url) }
                try await expect(node.connect(bob, room), closesWith: 4003)
            }
        }
        try await rabbit.stop()
    }
}
