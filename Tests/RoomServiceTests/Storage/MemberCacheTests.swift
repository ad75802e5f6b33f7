import Events
import HTTPTypes
import Identifiers
import Redis
import TestSupport
import Testing

@testable import RoomService

/// Who is a member, as Redis has it beside the room's object.
@Suite struct MemberCacheTests {
    private func remembered(_ room: String, _ rooms: TestRooms) async throws -> [String: String] {
        let code = try #require(RoomCode(room))
        let reply = try await rooms.redis.send(RedisCommand("HGETALL", RoomSlot.members(code))).array ?? []
        let texts = reply.map { $0.string ?? "" }
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: texts.count, by: 2).map { (texts[$0], texts[$0 + 1]) })
    }

    private func ask(_ user: TestUser, _ room: String, _ rooms: TestRooms) async throws {
        #expect(try await rooms.ask(.get, "/internal/rooms/\(room)/admission/\(user.id)").status == 200)
    }

    @Test func whoIsAskedAboutIsRemembered() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms, type: "public")
            for user in [people.owner, people.member, people.other, people.banned] { try await ask(user, room, rooms) }
            let found = try await remembered(room, rooms)
            #expect(Set(found.keys) == ["facts", "room", "\(people.owner.id)", "\(people.member.id)"])
            let stored = try await rooms.app.store.room(.id(rooms.id(of: room)))
            #expect(found["facts"] == "\(stored.factHead)")
            let view: RoomView = try WireJSON.decode(from: Array(try #require(found["room"]).utf8))
            #expect(view.roomId == stored.code)
            #expect(view.standing?.myRole == nil)
            #expect(view.standing?.memberCount == stored.memberCount)
            let member: MemberView = try WireJSON.decode(
                from: Array(try #require(found["\(people.owner.id)"]).utf8))
            #expect(member.role == .owner)
            let code = try #require(RoomCode(room))
            let ttl = try await rooms.redis.send(RedisCommand("TTL", RoomSlot.members(code))).int ?? 0
            #expect((240...300).contains(ttl))
        }
    }

    /// In the slot before the answer: whoever was put out is refused by the next who asks.
    @Test func everyChangeForgetsThem() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms, type: "public")
            let path = "/rooms/\(room)"
            let changes: [(String, () async throws -> Answer)] = [
                ("name", { try await rooms.call(.patch, path, as: people.owner, body: ["name": "Other"]) }),
                (
                    "role",
                    {
                        try await rooms.call(
                            .patch, "\(path)/members/\(people.member.id)", as: people.owner,
                            body: ["role": "moderator"])
                    }
                ),
                ("join", { try await rooms.call(.post, "\(path)/join", as: people.other) }),
                ("leave", { try await rooms.call(.post, "\(path)/leave", as: people.other) }),
                (
                    "ban",
                    {
                        try await rooms.call(
                            .post, "\(path)/bans", as: people.owner,
                            body: ["userId": .string("\(people.member.id)")])
                    }
                ),
                ("end", { try await rooms.call(.delete, path, as: people.owner) }),
            ]
            for (name, change) in changes {
                try await ask(people.owner, room, rooms)
                try await ask(people.member, room, rooms)
                #expect(try await remembered(room, rooms).keys.contains("\(people.owner.id)"), "\(name)")
                #expect((200..<300).contains(try await change().status), "\(name)")
                let stored = try await rooms.app.store.room(.id(rooms.id(of: room)))
                #expect(try await remembered(room, rooms) == ["facts": "\(stored.factHead)"], "\(name)")
            }
        }
    }

    @Test func whoReadBeforeAChangeDoesNotUndoIt() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms, type: "public")
            let store = rooms.app.store
            let before = try await store.access(.id(rooms.id(of: room)), user: people.member.id)
            let member = try #require(before.member?.view(at: .now()))
            let removed = try await rooms.call(
                .delete, "/rooms/\(room)/members/\(people.member.id)", as: people.owner)
            #expect(removed.status == 204)
            await store.cache.write(before.room, store.views.whole(before.room, role: .member), member)
            #expect(try await !remembered(room, rooms).keys.contains("\(people.member.id)"))
            // Nor does what is written again after Redis was away forget what is newer.
            try await ask(people.owner, room, rooms)
            await store.cache.write([before.room])
            #expect(try await remembered(room, rooms).keys.contains("\(people.owner.id)"))
        }
    }

    /// A sweep over all rooms leaves nothing for those of which nobody asks.
    @Test func aRoomWrittenAgainIsNoRoomAskedAbout() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user()
            let room = try await rooms.room(owner)
            await rooms.app.store.cache.write([try await rooms.app.store.room(.id(rooms.id(of: room)))])
            #expect(try await remembered(room, rooms).isEmpty)
        }
    }
}
