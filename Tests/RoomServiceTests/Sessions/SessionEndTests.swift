import Events
import HTTPTypes
import Identifiers
import Postgres
import Testing

@testable import RoomService

/// Who goes, and what remains.
@Suite struct SessionEndTests {
    @Test func theHostEndsItAndAllElseIsOver() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 1, track: 60_000)
            let listener = listening.listeners[0]
            let item = try await listening.queue("second", as: listener)
            #expect(try await listening.call(.patch, "/end", as: listener).code == "forbidden")
            let ended = try await listening.call(.patch, "/end", as: listening.host)
            #expect(ended.status == 200)
            #expect(ended.json["status"] == "ended")
            #expect(ended.json["endedAt"].string != nil)
            #expect(ended.json["nowPlaying"] == .null)
            #expect(try await listening.facts().last?.body.type == .sessionEnded)
            let other = try await rooms.user("other")
            let calls: [(HTTPRequest.Method, String, [String: JSONValue]?)] = [
                (.post, "/leave", nil), (.post, "/skip", ["expectedItemId": "no id"]),
                (.post, "/queue", [:]), (.delete, "/queue/\(item)", nil), (.post, "/queue/\(item)/vote", [:]),
                (.delete, "/queue/\(item)/vote", nil),
            ]
            for (method, path, body) in calls {
                let answer = try await listening.call(method, path, as: listener, body: body)
                #expect(answer.code == "session_ended", "\(method) \(path)")
                #expect(try await listening.call(method, path, as: other, body: body).code == "not_a_member")
            }
            for (method, path) in [
                (HTTPRequest.Method.post, "/pause"), (.post, "/resume"), (.patch, ""), (.patch, "/end"),
            ] {
                #expect(try await listening.call(method, path, as: listening.host).code == "session_ended", "\(path)")
                #expect(try await listening.call(method, path, as: listener).code == "forbidden", "\(path)")
            }
            #expect(try await listening.call(.post, "/join", as: other).code == "session_ended")
            #expect(try await listening.call(.get, as: listener).status == 200, "it stays readable")
            let again = try await rooms.call(
                .post, "/sessions", as: listening.host, body: ["genre": "soul", "roomId": .string(listening.room)])
            #expect(again.status == 201, "and makes way for the next")
        }
    }

    @Test func aHostWhoLeavesHandsOver() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 3)
            let (first, second, third) = (listening.listeners[0], listening.listeners[1], listening.listeners[2])
            let handed = try await listening.call(
                .patch, as: listening.host, body: ["currentDJId": .string(second.id.description)])
            #expect(handed.json["currentDJId"].string == second.id.description)
            #expect(handed.json["hostId"].string == listening.host.id.description)
            #expect(try await listening.call(.post, "/leave", as: listening.host).status == 204)
            var session = try await listening.session(as: first)
            #expect(session["hostId"].string == second.id.description, "to the DJ")
            // Leaving the room is leaving its session; so is being removed.
            try await rooms.call(.post, "/rooms/\(listening.room)/leave", as: second)
            session = try await listening.session(as: first)
            #expect(session["hostId"].string == first.id.description, "to the longest-standing listener")
            #expect(session["currentDJId"].string == first.id.description)
            try await rooms.call(.delete, "/rooms/\(listening.room)/members/\(first.id)", as: listening.host)
            #expect(try await listening.session(as: third)["hostId"].string == third.id.description)
            try await rooms.call(
                .post, "/rooms/\(listening.room)/bans", as: listening.host, body: ["userId": .string("\(third.id)")])
            session = try await listening.session()
            #expect(session["status"] == "ended", "nobody listens any more")
            let facts = try await listening.facts()
            #expect(facts.suffix(2).map(\.body.type) == [.memberBanned, .sessionEnded])
        }
    }

    @Test func onlyListenersMayBeDJ() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 1)
            let (dj, other) = (listening.listeners[0], try await rooms.user("other"))
            func hand(_ to: JSONValue, as user: TestUser) async throws -> Answer {
                try await listening.call(.patch, as: user, body: ["currentDJId": to])
            }
            #expect(try await hand(.string("\(other.id)"), as: listening.host).code == "user_not_found")
            #expect(try await hand("nobody", as: listening.host).code == "invalid_input")
            #expect(try await hand(.string("\(dj.id)"), as: dj).code == "forbidden")
            #expect(try await hand(.string("\(dj.id)"), as: listening.host).status == 200)
            try await listening.queue("first")
            #expect(try await listening.call(.post, "/pause", as: dj).json["status"] == "paused")
            #expect(try await hand(.null, as: listening.host).json["currentDJId"].string == "\(listening.host.id)")
            #expect(try await listening.call(.post, "/resume", as: dj).code == "forbidden")
            #expect(try await hand(.string("\(dj.id)"), as: listening.host).status == 200)
            try await listening.call(.post, "/leave", as: dj)
            #expect(try await listening.session()["currentDJId"].string == "\(listening.host.id)")
        }
    }

    /// A chat room lives on without anybody in it; what was played there once does not.
    @Test func anAbandonedSessionEnds() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, track: 60_000)
            let job = SessionJob(store: rooms.app.store)
            try await job.run(at: rooms.clock.now)
            #expect(try await listening.session()["status"] == "active", "something happened just now")
            rooms.clock.advance(by: .seconds(25 * 3600))
            let room = try await rooms.id(of: listening.room)
            _ = try await rooms.sql("UPDATE rooms SET participant_count = 1 WHERE id = \(room)")
            try await job.run(at: rooms.clock.now)
            #expect(try await listening.session()["status"] == "active", "somebody is there")
            _ = try await rooms.sql("UPDATE rooms SET participant_count = 0 WHERE id = \(room)")
            try await job.run(at: rooms.clock.now)
            #expect(try await listening.session()["status"] == "ended")
            #expect(try await listening.facts().last?.body.type == .sessionEnded)
        }
    }

    @Test(arguments: ["deleted", "empty", "expired"])
    func aRoomThatEndsEndsItsSessionFirst(reason: String) async throws {
        try await TestRooms.run { rooms in
            let host = try await rooms.user("host")
            let room = try await rooms.room(host)
            let begun = try await rooms.call(
                .post, "/sessions", as: host,
                body: ["genre": "jazz", "roomId": .string(room), "initialTrack": Listening.track("first", 60_000)])
            switch reason {
            case "deleted": try await rooms.call(.delete, "/rooms/\(room)", as: host)
            case "empty": try await rooms.call(.post, "/rooms/\(room)/leave", as: host)
            default:
                rooms.clock.advance(by: .seconds(25 * 3600))
                try await rooms.app.store.endExpired(rooms.id(of: room))
            }
            let facts = try await FactTable.read(
                of: rooms.id(of: room), after: 0, limit: 10, in: rooms.app.store.pool)
            #expect(facts.suffix(2).map(\.body.type) == [.sessionEnded, .roomEnded])
            #expect(facts.map(\.fact) == Array(1...Int64(facts.count)))
            let due = try await rooms.app.store.dueSessions(limit: 10)
            #expect(due.next == nil, "nothing plays on")
            _ = begun
        }
    }
}
