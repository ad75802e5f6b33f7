import Events
import HTTPTypes
import Identifiers
import Postgres
import Testing

@testable import RoomService

/// Many at once: exactly one owner, nobody lost, nobody twice.
@Suite struct RaceTests {
    @Test func fiftyComeAtOnce() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let room = try await rooms.room(owner, ["kind": "chat", "name": "Crowd"])
            let users = try await Self.users(50, rooms)
            // Everybody twice: a join is idempotent.
            let statuses = try await Self.all(users + users) {
                try await rooms.call(.post, "/rooms/\(room)/join", as: $0).status
            }
            #expect(statuses.allSatisfy { $0 == 200 })
            try await Self.checkWhole(room, rooms, members: 51)
        }
    }

    @Test func fiftyLeaveAtOnceAndTheRoomEndsOnce() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let room = try await rooms.room(owner, ["kind": "chat", "name": "Crowd"])
            let users = try await Self.users(49, rooms)
            for user in users { try await rooms.join(user, room) }
            let everybody = users + [owner]
            let statuses = try await Self.all(everybody + everybody) {
                try await rooms.call(.post, "/rooms/\(room)/leave", as: $0).status
            }
            #expect(statuses.filter { $0 == 200 }.count == 50)
            #expect(statuses.filter { $0 == 403 }.count == 50)
            let id = try await rooms.id(of: room)
            let facts = try await FactTable.read(of: id, after: 0, limit: 1000, in: rooms.app.store.pool)
            #expect(facts.map(\.fact) == Array(1...Int64(facts.count)))
            #expect(facts.filter { $0.body.type == .memberLeft }.count == 50)
            #expect(facts.filter { $0.body.type == .roomEnded }.count == 1)
            #expect(facts.last?.body.type == .roomEnded)
        }
    }

    @Test func everythingAtOnce() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let room = try await rooms.room(owner, ["kind": "chat", "name": "Crowd"])
            let users = try await Self.users(50, rooms)
            for user in users { try await rooms.join(user, room) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, user) in users.enumerated() {
                    group.addTask {
                        switch number % 4 {
                        case 0: try await rooms.call(.post, "/rooms/\(room)/leave", as: user)
                        case 1:
                            try await rooms.call(
                                .patch, "/rooms/\(room)/members/\(user.id)", as: owner, body: ["role": "owner"])
                        case 2: try await rooms.call(.delete, "/rooms/\(room)/members/\(user.id)", as: owner)
                        default:
                            try await rooms.call(.post, "/rooms/\(room)/leave", as: user)
                            try await rooms.call(.post, "/rooms/\(room)/join", as: user)
                        }
                    }
                }
                group.addTask { try await rooms.call(.post, "/rooms/\(room)/leave", as: owner) }
                try await group.waitForAll()
            }
            let id = try await rooms.id(of: room)
            let count = try await rooms.sql("SELECT count(*) FROM members WHERE room_id = \(id)")[0].get(
                0, as: Int.self)
            try await Self.checkWhole(room, rooms, members: count)
        }
    }

    @Test func aRoomIsDeletedOnce() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let room = try await rooms.room(owner)
            let statuses = try await Self.all(Array(repeating: owner, count: 50)) {
                try await rooms.call(.delete, "/rooms/\(room)", as: $0).status
            }
            #expect(statuses.filter { $0 == 204 }.count == 1)
            #expect(statuses.filter { $0 == 410 }.count == 49)
        }
    }

    /// Comers, goers, heirs and an end, all at one moment.
    @Test func aRoomIsDeletedAmidEverything() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let room = try await rooms.room(owner, ["kind": "chat", "name": "Crowd"])
            let users = try await Self.users(50, rooms)
            for user in users.prefix(25) { try await rooms.join(user, room) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, user) in users.enumerated() {
                    group.addTask {
                        switch number {
                        case 0..<15: try await rooms.call(.post, "/rooms/\(room)/leave", as: user)
                        case 15..<25:
                            try await rooms.call(
                                .patch, "/rooms/\(room)/members/\(user.id)", as: owner, body: ["role": "owner"])
                            try await rooms.call(.delete, "/rooms/\(room)", as: user)
                        default: try await rooms.call(.post, "/rooms/\(room)/join", as: user)
                        }
                    }
                }
                group.addTask { try await rooms.call(.delete, "/rooms/\(room)", as: owner) }
                try await group.waitForAll()
            }
            let id = try await rooms.id(of: room)
            let members = try await rooms.app.store.members(of: id, after: nil, limit: 1000)
            try await Self.checkWhole(room, rooms, members: members.count)
            #expect(members.filter { $0.role == .owner }.count == 1, "who may still read has an owner among them")
            let facts = try await FactTable.read(of: id, after: 0, limit: 1000, in: rooms.app.store.pool)
            #expect(facts.filter { $0.body.type == .roomEnded }.count == 1)
            #expect(facts.last?.body.type == .roomEnded, "nothing happens in a room that has ended")
        }
    }

    @Test func aKeyMakesOneRoom() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let answers = try await Self.all(Array(repeating: owner, count: 50)) {
                try await rooms.call(.post, "/rooms", as: $0, body: ["name": "one"], headers: ["Idempotency-Key": "k"])
            }
            #expect(Set(answers.map(\.status)).isSubset(of: [201, 409]))
            #expect(answers.contains { $0.status == 201 })
            #expect(Set(answers.filter { $0.status == 201 }.compactMap { $0.json["roomId"].string }).count == 1)
            #expect(try await rooms.call(.get, "/rooms", as: owner).json.items.count == 1)
            let replay = try await rooms.call(
                .post, "/rooms", as: owner, body: ["name": "one"], headers: ["Idempotency-Key": "k"])
            #expect(replay.headers[.init("Idempotent-Replayed")!] == "true")
            let other = try await rooms.call(
                .post, "/rooms", as: owner, body: ["name": "two"], headers: ["Idempotency-Key": "k"])
            #expect(other.code == "idempotency_mismatch")
        }
    }

    @Test func onlyOneOfManyUpdatesOfAVersionCounts() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let room = try await rooms.room(owner)
            let names = (0..<50).map { "name \($0)" }
            let statuses = try await Self.all(names) {
                try await rooms.call(
                    .patch, "/rooms/\(room)", as: owner, body: ["name": .string($0)], headers: ["If-Match": "\"1\""]
                ).status
            }
            #expect(statuses.filter { $0 == 200 }.count == 1)
            #expect(statuses.filter { $0 == 412 }.count == 49)
            #expect(try await rooms.call(.get, "/rooms/\(room)", as: owner).json["version"] == 2)
        }
    }

    /// One owner who is the host, as many members as counted, each joined one more time than left, facts without a hole.
    private static func checkWhole(_ room: String, _ rooms: TestRooms, members: Int) async throws {
        let id = try await rooms.id(of: room)
        let found = try await rooms.app.store.members(of: id, after: nil, limit: 1000)
        let stored = try await rooms.app.store.room(.id(id))
        #expect(found.count == members)
        #expect(stored.memberCount == members)
        let owners = found.filter { $0.role == .owner }
        #expect(owners.map(\.userID) == (found.isEmpty ? [] : [stored.ownerID]))
        let facts = try await FactTable.read(of: id, after: 0, limit: 10_000, in: rooms.app.store.pool)
        #expect(facts.map(\.fact) == Array(1...stored.factHead))
        var present: [UserID: Int] = [:]
        for fact in facts {
            switch fact.body {
            case .memberJoined(let member): present[member.userId, default: 0] += 1
            case .memberLeft(let member, _): present[member.userId, default: 0] -= 1
            default: break
            }
        }
        #expect(Set(present.filter { $0.value == 1 }.keys) == Set(found.map(\.userID)))
        #expect(present.values.allSatisfy { $0 == 0 || $0 == 1 })
    }

    private static func users(_ count: Int, _ rooms: TestRooms) async throws -> [TestUser] {
        try await all(Array(0..<count)) { try await rooms.user("user\($0)") }
    }

    private static func all<Input: Sendable, Output: Sendable>(
        _ inputs: [Input], _ work: @escaping @Sendable (Input) async throws -> Output
    ) async throws -> [Output] {
        try await withThrowingTaskGroup(of: Output.self) { group in
            for input in inputs { group.addTask { try await work(input) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
