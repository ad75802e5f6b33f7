import Events
import HTTPTypes
import Identifiers
import Testing

@testable import RoomService

/// Another name in somebody's token reaches those who were told the old one.
@Suite struct NameTests {
    /// The names that a room's timeline was told of somebody, in order.
    private func told(_ user: TestUser, _ room: String, _ rooms: TestRooms) async throws -> [String] {
        let facts = try await FactTable.read(of: rooms.id(of: room), after: 0, limit: 100, in: rooms.app.store.pool)
        return facts.compactMap { fact in
            switch fact.body {
            case .memberJoined(let member) where member.userId == user.id,
                .memberUpdated(let member) where member.userId == user.id:
                member.displayName
            default: nil
            }
        }
    }

    @Test func roomsLearnANewName() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let ann = try await rooms.user(email: "ann@example.test", name: "Ann")
            let (room, left, ended) = (
                try await rooms.room(owner), try await rooms.room(owner), try await rooms.room(owner)
            )
            for room in [room, left, ended] { try await rooms.join(ann, room) }
            try await rooms.call(.post, "/rooms/\(left)/leave", as: ann)
            try await rooms.call(.delete, "/rooms/\(ended)", as: owner)
            let job = NameJob(store: rooms.app.store)
            try await job.run(at: rooms.clock.now)
            #expect(try await told(ann, room, rooms) == ["Ann"], "nothing new, nothing told")

            let anna = try await rooms.user(email: "ann@example.test", name: "Anna")
            #expect(anna.id == ann.id)
            let members = try await rooms.call(.get, "/rooms/\(room)/members", as: anna)
            #expect(members.json.items.map { $0["displayName"] } == ["owner", "Anna"], "here at once")
            let version = try await rooms.call(.get, "/rooms/\(room)", as: anna).json["version"]
            try await job.run(at: rooms.clock.now)
            try await job.run(at: rooms.clock.now)
            #expect(try await told(ann, room, rooms) == ["Ann", "Anna"])
            #expect(try await told(ann, left, rooms) == ["Ann"])
            #expect(try await told(ann, ended, rooms) == ["Ann"], "what has ended is complete")
            #expect(try await rooms.call(.get, "/rooms/\(room)", as: anna).json["version"] == version)
        }
    }

    /// Two tokens with two names, used in turn, must not fill the timelines of all of somebody's rooms.
    @Test func changesOfAMinuteBecomeOne() async throws {
        try await TestRooms.run { rooms in
            let job = NameJob(store: rooms.app.store)
            func sign(in name: String) async throws -> TestUser {
                try await rooms.user(email: "ann@example.test", name: name)
            }
            let ann = try await sign(in: "Ann")
            let room = try await rooms.room(ann)
            for name in ["Bea", "Cleo", "Dora", "Ann", "Emma"] {
                _ = try await sign(in: name)
                try await job.run(at: rooms.clock.now)
            }
            #expect(try await told(ann, room, rooms) == ["Ann", "Bea"])
            rooms.clock.advance(by: RoomStore.nameInterval)
            try await job.run(at: rooms.clock.now)
            #expect(try await told(ann, room, rooms) == ["Ann", "Bea", "Emma"])
        }
    }
}
