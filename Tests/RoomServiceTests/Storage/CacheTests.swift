import Events
import HTTPTypes
import Identifiers
import Logging
import Redis
import TestSupport
import Testing

@testable import RoomService

@Suite struct CacheTests {
    private func object(_ room: String, _ rooms: TestRooms) async throws -> JSONValue {
        let value = try await rooms.redis.send(RedisCommand("GET", "room:\(room)"))
        return try value.bytes.map { try WireJSON.decode(from: $0) } ?? .null
    }

    @Test func everyChangeIsWrittenThrough() async throws {
        try await TestRooms.run { rooms in
            let (owner, heir) = (try await rooms.user(), try await rooms.user())
            let room = try await rooms.room(owner)
            var found = try await object(room, rooms)
            #expect(found.fields == ["id", "hostId", "maxParticipants", "isActive", "kind", "type", "version"])
            #expect(found["id"].string == (try await rooms.id(of: room)).description)
            let ttl = try await rooms.redis.send(RedisCommand("TTL", "room:\(room)")).int ?? 0
            #expect((86_000...86_400).contains(ttl))
            try await rooms.call(.patch, "/rooms/\(room)", as: owner, body: ["maxParticipants": 3])
            found = try await object(room, rooms)
            #expect(found["maxParticipants"] == 3)
            #expect(found["version"] == 2)
            try await rooms.join(heir, room)
            try await rooms.call(.post, "/rooms/\(room)/leave", as: owner)
            #expect(try await object(room, rooms)["hostId"].string == heir.id.description)
            try await rooms.call(.delete, "/rooms/\(room)", as: heir)
            #expect(try await object(room, rooms)["isActive"] == false)
        }
    }

    @Test func onlyAHigherVersionReplaces() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user()
            let room = try await rooms.room(owner)
            let old = try await rooms.app.store.room(.id(rooms.id(of: room)))
            try await rooms.call(.patch, "/rooms/\(room)", as: owner, body: ["maxParticipants": 3])
            await rooms.app.store.cache.write([old])
            #expect(try await object(room, rooms)["version"] == 2)
            for broken in ["nonsense", "[]", #"{"version": "x"}"#] {
                _ = try await rooms.redis.send(RedisCommand("SET", "room:\(room)", broken))
                #expect(try await rooms.ask(.post, "/internal/rooms/\(room)/cache").status == 204)
                #expect(try await object(room, rooms)["version"] == 2)
            }
            _ = try await rooms.redis.send(RedisCommand("DEL", "room:\(room)"))
            #expect(try await rooms.ask(.get, "/internal/rooms/\(room)/admission/\(owner.id)").status == 200)
            #expect(try await object(room, rooms)["version"] == 2)
        }
    }

    /// Whoever may see a room may well take a seat in it next, and the seats need the object.
    @Test func aReadFillsWhatIsMissing() async throws {
        try await TestRooms.run { rooms in
            let (owner, stranger) = (try await rooms.user(), try await rooms.user())
            let (open, closed) = (
                try await rooms.room(owner, ["type": "public"]), try await rooms.room(owner, ["type": "private"])
            )
            for (room, reader, isFilled) in [
                (open, owner, true), (open, stranger, true), (closed, stranger, false), (closed, owner, true),
            ] {
                _ = try await rooms.redis.send(RedisCommand("DEL", "room:\(room)"))
                _ = try await rooms.call(.get, "/rooms/\(room)", as: reader)
                #expect(try await (object(room, rooms)["version"] == 1) == isFilled)
            }
        }
    }

    @Test func withRedisAwayEverythingWorksFromPostgres() async throws {
        try await TestRooms.run(["REDIS_URL": "redis://127.0.0.1:1"]) { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms, type: "public")
            for path in ["", "/participants", "/stats", "/members", "/invitations", "/audit", "/audit/verify", "/bans"]
            {
                #expect(try await rooms.call(.get, "/rooms/\(room)\(path)", as: people.moderator).status == 200)
            }
            #expect(try await rooms.call(.get, "/rooms/discover?q=room", as: people.other).json.items.count == 1)
            #expect(try await rooms.call(.post, "/rooms/\(room)/join", as: people.other).status == 200)
            let invited = try await rooms.call(
                .post, "/rooms/\(room)/invite", as: people.other, body: ["email": "x@example.test"])
            #expect(invited.status == 201)
            #expect(try await rooms.call(.get, "/rooms/\(room)/ice-servers", as: people.owner).status == 403)
            #expect(try await rooms.ask(.get, "/internal/rooms/\(room)/admission/\(people.owner.id)").status == 200)
            #expect(try await rooms.call(.post, "/rooms/\(room)/leave", as: people.owner).status == 200)
        }
    }

    @Test func whatRedisMissedIsWrittenWhenItIsBack() async throws {
        let server = try await RedisServer.start()
        try await TestRooms.run(["REDIS_URL": server.url]) { rooms in
            let owner = try await rooms.user()
            let room = try await rooms.room(owner)
            try await server.kill()
            try await eventually("Redis is missed") { !rooms.redis.isAvailable }
            #expect(
                try await rooms.call(.patch, "/rooms/\(room)", as: owner, body: ["maxParticipants": 3]).status == 200)
            try await server.restart()
            _ = await rooms.redis.whenAvailable()
            await CacheRefill(redis: rooms.redis, store: rooms.app.store, logger: .silent).refill()
            #expect(try await object(room, rooms)["version"] == 2)
        }
        try await server.stop()
    }

    /// Redis that accepts connections and never answers: each call goes on without it after its deadline.
    @Test func withRedisSilentEverythingWorksFromPostgres() async throws {
        let server = try await RedisServer.start()
        try await TestRooms.run(["REDIS_URL": server.url], patience: .milliseconds(250)) { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms, type: "public")
            server.pause()
            func timed(_ what: String, _ call: () async throws -> Answer) async throws -> Int {
                let start = ContinuousClock.now
                let answer = try await call()
                // Some deadlines of a quarter of a second; far from those of a client or a gateway.
                #expect(ContinuousClock.now - start < .seconds(30), "\(what)")
                return answer.status
            }
            for path in ["", "/participants", "/stats", "/members", "/invitations", "/audit", "/audit/verify", "/bans"]
            {
                let status = try await timed("GET \(path)") {
                    try await rooms.call(.get, "/rooms/\(room)\(path)", as: people.moderator)
                }
                #expect(status == 200, "\(path)")
            }
            let changes: [(HTTPRequest.Method, String, TestUser, [String: JSONValue]?, Int)] = [
                (.post, "/rooms", people.other, nil, 201), (.get, "/rooms", people.other, nil, 200),
                (.get, "/rooms/discover?q=room", people.other, nil, 200),
                (.post, "/rooms/\(room)/join", people.other, nil, 200),
                (.patch, "/rooms/\(room)", people.owner, ["maxParticipants": 7], 200),
                (.post, "/rooms/\(room)/invite", people.other, ["email": "x@example.test"], 201),
                (.patch, "/rooms/\(room)/members/\(people.member.id)", people.owner, ["isMuted": true], 200),
                (.delete, "/rooms/\(room)/bans/\(people.banned.id)", people.owner, nil, 204),
                (.post, "/rooms/\(room)/reports", people.member, ["reason": "loud"], 201),
                (.post, "/rooms/\(room)/leave", people.member, nil, 200),
            ]
            for (method, path, user, body, expected) in changes {
                let status = try await timed("\(method) \(path)") {
                    try await rooms.call(method, path, as: user, body: body)
                }
                #expect(status == expected, "\(method) \(path)")
            }
            server.resume()
            _ = await rooms.redis.whenAvailable()
            try await eventually("what Redis missed is written") {
                await CacheRefill(redis: rooms.redis, store: rooms.app.store, logger: .silent).refill()
                return try await object(room, rooms)["maxParticipants"] == 7
            }
        }
        try await server.stop()
    }

    /// Redis that was away for some changes, and wakes up with what it knew before them.
    @Test func staleObjectsAreReplacedWhenRedisIsBack() async throws {
        let server = try await RedisServer.start(options: ["--appendonly", "yes", "--appendfsync", "always"])
        try await TestRooms.run(["REDIS_URL": server.url]) { rooms in
            let owner = try await rooms.user()
            let (changed, ended) = (try await rooms.room(owner), try await rooms.room(owner))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await CacheRefill(redis: rooms.redis, store: rooms.app.store, logger: .silent).run()
                }
                try await server.kill()
                try await eventually("Redis is missed") { !rooms.redis.isAvailable }
                try await rooms.call(.patch, "/rooms/\(changed)", as: owner, body: ["maxParticipants": 3])
                try await rooms.call(.delete, "/rooms/\(ended)", as: owner)
                // Another process missed them: this one remembers nothing.
                _ = rooms.app.store.cache.takeMissed()
                try await server.launch()
                _ = await rooms.redis.whenAvailable()
                try await eventually("the objects are those of the database") {
                    let isOpen = try await object(ended, rooms)["isActive"]
                    return try await object(changed, rooms)["maxParticipants"] == 3 && isOpen == false
                }
                group.cancelAll()
            }
            #expect(try await object(changed, rooms)["version"] == 2)
        }
        try await server.stop()
    }

    /// Writers in any order, as instances are: what a reader sees never gets older.
    @Test func versionsNeverGoBack() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user()
            let room = try await rooms.room(owner, ["kind": "chat", "name": "0"])
            let id = try await rooms.id(of: room)
            var stored = [try await rooms.app.store.room(.id(id))]
            for number in 1...30 {
                try await rooms.call(.patch, "/rooms/\(room)", as: owner, body: ["name": .string("\(number)")])
                stored.append(try await rooms.app.store.room(.id(id)))
            }
            let versions = stored
            _ = try await rooms.redis.send(RedisCommand("DEL", "room:\(room)"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for version in versions.shuffled() {
                    group.addTask { await rooms.app.store.cache.write([version]) }
                }
                group.addTask {
                    var last = 0
                    try await eventually("the newest is there") {
                        let found = try await object(room, rooms)["version"].int ?? 0
                        #expect(found >= last)
                        last = max(last, found)
                        return last == versions.count
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await object(room, rooms)["version"] == 31)
        }
    }
}
