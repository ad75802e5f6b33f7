import Events
import Identifiers
import Logging
import Redis
import ServiceSupport
import TestSupport
import Testing

@testable import MessageService

/// What a socket that comes in is shown, kept in Redis and never out of date.
@Suite struct RecentMessagesTests {
    private static func recent(
        _ service: Instance, _ room: RoomRef, _ user: UserID
    ) async throws -> [(content: String?, reactions: [JSONValue])] {
        let answer = try await service.ask("GET", "/internal/rooms/\(room.id)/live?facts=0&user=\(user)")
        return try #require(answer.json["recent"]?.array).map {
            ($0["content"]?.string, $0["reactions"]?.array ?? [])
        }
    }

    private static func kept(_ service: Instance, _ room: RoomRef) async throws -> [RedisValue] {
        try await service.parts.redis.send(
            RedisCommand("HMGET", RoomSlot.recent(room.code), "seq", "messages", "reacted")
        ).array ?? []
    }

    /// Asks, and waits until what was read is kept.
    private static func keep(_ service: Instance, _ room: RoomRef, _ user: UserID) async throws {
        let answer = try await service.ask("GET", "/internal/rooms/\(room.id)/live?facts=0&user=\(user)")
        let seq = Int(try #require(answer.json["seq"]?.integer))
        try await eventually("it is kept") { try await kept(service, room).first?.int == seq }
    }

    @Test func whatIsKeptIsShown() async throws {
        try await Stage.run { stage, instances in
            let (service, anna) = (instances[0], UserID.new())
            let room = stage.rooms.create(owner: anna)
            _ = try await service.send(anna, room, "one")
            try await Self.keep(service, room, anna)
            let key = RoomSlot.recent(room.code)
            let ttl = try await service.parts.redis.send(RedisCommand("TTL", key)).int ?? 0
            #expect((1700...1800).contains(ttl))
            // What only Redis has can have come from nowhere else.
            _ = try await service.parts.redis.send(
                RedisCommand("HSET", key, "messages", #"[{"content":"from Redis","reactions":[]}]"#))
            #expect(try await Self.recent(service, room, anna).map(\.content) == ["from Redis"])
            // The next entry of any kind, and it is not.
            _ = try await service.send(anna, room, "two")
            #expect(try await Self.recent(service, room, anna).map(\.content) == ["one", "two"])
        }
    }

    @Test func everyChangeIsShownAtOnce() async throws {
        try await Stage.run { stage, instances in
            let (service, anna, ben) = (instances[0], UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            stage.rooms.join(room, ben)
            let sent = try await service.send(anna, room, "first")
            let id = try #require(sent.json["id"]?.string)
            try await Self.keep(service, room, anna)
            _ = try await service.call(anna, "PUT", "/messages/\(id)", ["content": "edited"])
            #expect(try await Self.recent(service, room, anna).map(\.content) == ["edited"])
            try await Self.keep(service, room, anna)
            _ = try await service.call(ben, "POST", "/messages/\(id)/reactions", ["emoji": "👍"])
            #expect(try await Self.recent(service, room, anna).first?.reactions.first?["count"]?.integer == 1)
            try await Self.keep(service, room, anna)
            _ = try await service.call(anna, "DELETE", "/messages/\(id)")
            #expect(try await Self.recent(service, room, anna).map(\.content) == [nil])
        }
    }

    @Test func everyReaderSeesTheirOwnReactions() async throws {
        try await Stage.run { stage, instances in
            let (service, anna, ben) = (instances[0], UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            stage.rooms.join(room, ben)
            let sent = try await service.send(anna, room, "hello")
            let id = try #require(sent.json["id"]?.string)
            _ = try await service.call(ben, "POST", "/messages/\(id)/reactions", ["emoji": "👍"])
            // Whoever asked first, and whether it was kept since.
            for reader in [ben, anna, ben, anna] {
                try await Self.keep(service, room, reader)
                let reactions = try await Self.recent(service, room, reader).first?.reactions
                #expect(reactions?.count == 1)
                #expect(reactions?.first?["me"] == .bool(reader == ben))
            }
        }
    }

    @Test func anOlderReaderReplacesNothing() async throws {
        try await Stage.run { stage, instances in
            let (service, anna) = (instances[0], UserID.new())
            let room = stage.rooms.create(owner: anna)
            _ = try await service.send(anna, room, "one")
            _ = try await service.send(anna, room, "two")
            try await Self.keep(service, room, anna)
            let before = try await Self.kept(service, room)
            let recent = RecentMessages(
                store: service.parts.store, redis: service.parts.redis, logger: Logger(label: "test"))
            try await recent.write(Array("[]".utf8), [], 2, room.code)
            #expect(try await Self.kept(service, room) == before)
            try await recent.write(Array("[]".utf8), [], 4, room.code)
            #expect(try await Self.kept(service, room).first?.int == 4)
        }
    }

    @Test(arguments: ["not a hash", nil])
    func whatCannotBeReadIsReadWhereItIs(broken: String?) async throws {
        try await Stage.run { stage, instances in
            let (service, anna) = (instances[0], UserID.new())
            let room = stage.rooms.create(owner: anna)
            _ = try await service.send(anna, room, "one")
            try await Self.keep(service, room, anna)
            let key = RoomSlot.recent(room.code)
            if let broken {
                _ = try await service.parts.redis.send(RedisCommand("DEL", key))
                _ = try await service.parts.redis.send(RedisCommand("SET", key, broken))
            } else {
                _ = try await service.parts.redis.send(RedisCommand("HSET", key, "reacted", "nobody,knows"))
            }
            #expect(try await Self.recent(service, room, anna).map(\.content) == ["one"])
        }
    }

    @Test func nothingIsKeptOfAForgottenRoom() async throws {
        try await Stage.run { stage, instances in
            let (service, anna) = (instances[0], UserID.new())
            let room = stage.rooms.create(owner: anna)
            _ = try await service.send(anna, room, "one")
            try await Self.keep(service, room, anna)
            stage.rooms.forget(room)
            #expect(try await service.ask("DELETE", "/internal/rooms/\(room.id)").status == 204)
            #expect(try await Self.kept(service, room).first?.int == nil)
        }
    }
}
