import Events
import HTTPTypes
import Identifiers
import Postgres
import Testing

@testable import RoomService

/// Sessions themselves: how they begin, who finds and joins them, how they end.
@Suite struct SessionTests {
    @Test func aSessionBeginsWithItsHostAndItsTrack() async throws {
        try await TestRooms.run { rooms in
            let host = try await rooms.user("host")
            let room = try await rooms.room(host, ["kind": "chat", "name": "Club"])
            try await rooms.seat([host.id], in: room)
            let begun = try await rooms.call(
                .post, "/sessions", as: host,
                body: [
                    "genre": "Jazz", "roomId": .string(room), "sessionName": " Late ",
                    "tags": .array(["blue", "Blue"]),
                    "initialTrack": Listening.track("first", 60_000),
                ])
            #expect(begun.status == 201)
            let session = begun.json
            #expect(begun.headers[.location] == "/sessions/\(session["id"].string ?? "-")")
            #expect(session["roomId"].string == room)
            #expect(session["name"] == "Late")
            #expect(session["tags"] == .array(["blue"]))
            #expect(session["hostId"].string == host.id.description)
            #expect(session["currentDJId"].string == host.id.description)
            #expect(session["status"] == "active")
            #expect(session["listenerCount"] == 1)
            #expect(session["queue"] == .array([]))
            #expect(session["nowPlaying"]["item"]["trackRef"]["title"] == "first")
            #expect(session["nowPlaying"]["item"]["myVote"] == .null)
            #expect(session["nowPlaying"]["pausedAt"] == .null)
            #expect(try await rooms.call(.get, "/rooms/\(room)/stats", as: host).json["sessionCount"] == 1)
            let facts = try await FactTable.read(
                of: rooms.id(of: room), after: 1, limit: 10, in: rooms.app.store.pool)
            #expect(facts.map(\.body.type) == [.sessionStarted, .trackStarted])
            guard case .trackStarted(let told) = facts[1].body else { return }
            #expect(told["nowPlaying"]["item"]["trackRef"]["title"] == "first")
            #expect(!told.fields.contains("queue"))
            #expect(!told["nowPlaying"]["item"].fields.contains("myVote"), "the same for every reader")
            #expect(facts[1].userId == host.id)
        }
    }

    @Test func aRoomHasOneLiveSession() async throws {
        try await TestRooms.run { rooms in
            let host = try await rooms.user("host")
            let room = try await rooms.room(host)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await rooms.call(
                            .post, "/sessions", as: host, body: ["genre": "jazz", "roomId": .string(room)]
                        ).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [201] + Array(repeating: 409, count: 9))
        }
    }

    @Test func withoutARoomOneIsMade() async throws {
        try await TestRooms.run { rooms in
            let host = try await rooms.user("host")
            let open = try await rooms.call(.post, "/sessions", as: host, body: ["genre": "Jazz"])
            #expect(open.status == 201)
            let room = try await rooms.call(.get, "/rooms/\(open.json["roomId"].string ?? "")", as: host).json
            #expect(room["kind"] == "listening")
            #expect(room["type"] == "genre")
            #expect(room["genre"] == "Jazz")
            #expect(room["name"] == "Jazz")
            #expect(room["myRole"] == "owner")
            let closed = try await rooms.call(
                .post, "/sessions", as: host, body: ["genre": "Jazz", "isPrivate": true, "sessionName": "Ours"])
            let other = try await rooms.call(.get, "/rooms/\(closed.json["roomId"].string ?? "")", as: host).json
            #expect(other["type"] == "private")
            #expect(other["name"] == "Ours")
            #expect(closed.json["isPrivate"] == true)
        }
    }

    @Test func aKeyMakesOneSessionAndOneRoom() async throws {
        try await TestRooms.run { rooms in
            let host = try await rooms.user("host")
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await rooms.call(
                            .post, "/sessions", as: host, body: ["genre": "jazz"], headers: ["Idempotency-Key": "k"])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers.map(\.status)).isSubset(of: [201, 409]))
            #expect(Set(answers.compactMap { $0.json["id"].string }).count == 1)
            #expect(try await rooms.call(.get, "/rooms", as: host).json.items.count == 1)
            let replay = try await rooms.call(
                .post, "/sessions", as: host, body: ["genre": "jazz"], headers: ["Idempotency-Key": "k"])
            #expect(replay.headers[.init("Idempotent-Replayed")!] == "true")
            let other = try await rooms.call(
                .post, "/sessions", as: host, body: ["genre": "soul"], headers: ["Idempotency-Key": "k"])
            #expect(other.code == "idempotency_mismatch")
        }
    }

    @Test func theRoomAndTheRightComeBeforeTheFaults() async throws {
        try await TestRooms.run { rooms in
            let (host, other) = (try await rooms.user("host"), try await rooms.user("other"))
            let room = try await rooms.room(host)
            func begin(_ user: TestUser?, _ body: [String: JSONValue]) async throws -> Answer {
                try await rooms.call(.post, "/sessions", as: user, body: body)
            }
            #expect(try await begin(nil, [:]).status == 401)
            #expect(try await begin(host, ["roomId": "nowhere"]).code == "room_not_found")
            #expect(try await begin(other, ["roomId": .string(room)]).code == "not_a_member")
            #expect(try await begin(host, ["roomId": .string(room)]).code == "invalid_input")
            #expect(try await begin(host, ["genre": 7]).code == "invalid_input")
            try await rooms.call(.delete, "/rooms/\(room)", as: host)
            #expect(try await begin(host, ["roomId": .string(room)]).code == "room_ended")
        }
    }

    @Test func joiningTheSessionIsJoiningTheRoom() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 1)
            let listener = listening.listeners[0]
            let session = try await listening.session(as: listener)
            #expect(session["listenerCount"] == 2)
            #expect(try await rooms.call(.get, "/rooms/\(listening.room)", as: listener).json["myRole"] == "member")
            #expect(try await listening.call(.post, "/join", as: listener).status == 200, "once is as good as twice")
            #expect(try await listening.session()["listenerCount"] == 2)
            let away = try await rooms.user("away")
            try await listening.call(.post, "/join", as: away)
            #expect(try await listening.session()["listenerCount"] == 2, "without a seat nobody listens")
            #expect(try await listening.call(.post, "/leave", as: listener).status == 204)
            #expect(try await listening.session()["listenerCount"] == 1)
            #expect(try await rooms.call(.get, "/rooms/\(listening.room)", as: listener).json["myRole"] == "member")
        }
    }

    @Test func theRoomsRulesHoldForWhoJoins() async throws {
        try await TestRooms.run { rooms in
            let guests = try await Everybody(rooms)
            for (type, code) in [("private", "invitation_required"), ("unlisted", "forbidden")] {
                let room = try await guests.room(rooms, type: type)
                let id = try await begin(rooms, guests.member, room)
                #expect(try await rooms.call(.post, "/sessions/\(id)/join", as: guests.other).code == code)
                #expect(try await rooms.call(.post, "/sessions/\(id)/join", as: guests.banned).code == "banned")
                #expect(try await rooms.call(.get, "/sessions/\(id)", as: guests.other).code == "not_a_member")
                #expect(try await rooms.call(.get, "/sessions/\(id)", as: guests.owner).status == 200)
            }
            let room = try await guests.room(rooms, type: "public")
            let id = try await begin(rooms, guests.member, room, ["isPrivate": true])
            #expect(try await rooms.call(.post, "/sessions/\(id)/join", as: guests.other).code == "invitation_required")
            #expect(try await rooms.call(.post, "/sessions/\(id)/join", as: guests.owner).status == 200)
            try await rooms.call(
                .post, "/rooms/\(room)/invite", as: guests.owner, body: ["email": .string(guests.other.email)])
            #expect(try await rooms.call(.post, "/sessions/\(id)/join", as: guests.other).status == 200)
            #expect(try await rooms.call(.get, "/invitations", as: guests.other).json.items.isEmpty, "it is accepted")
        }
    }

    @Test func aFullRoomTakesNobody() async throws {
        try await TestRooms.run { rooms in
            let host = try await rooms.user("host")
            let room = try await rooms.room(host, ["type": "public", "maxParticipants": 2, "name": "Small"])
            let id = try await begin(rooms, host, room)
            try await rooms.seat([.new(), .new()], in: room)
            let other = try await rooms.user("other")
            #expect(try await rooms.call(.post, "/sessions/\(id)/join", as: other).code == "room_full")
        }
    }

    @Test func listsShowWhatOneMaySee() async throws {
        try await TestRooms.run { rooms in
            let (host, other) = (try await rooms.user("host"), try await rooms.user("other"))
            var ids: [String: String] = [:]
            for type in ["public", "unlisted", "private"] {
                let room = try await rooms.room(host, ["type": .string(type), "name": "Room"])
                ids[type] = try await begin(rooms, host, room)
            }
            let hidden = try await begin(
                rooms, host, try await rooms.room(host, ["type": "public", "name": "Room"]),
                ["isPrivate": true, "genre": "Soul"])
            func active(_ user: TestUser, _ query: String = "") async throws -> [String] {
                try await rooms.call(.get, "/sessions/active\(query)", as: user).json.items.compactMap {
                    $0["id"].string
                }
            }
            #expect(try await active(other) == [ids["public"]])
            #expect(try await active(host) == [hidden, ids["private"], ids["unlisted"], ids["public"]])
            #expect(try await active(host, "?genre=%20sOUL") == [hidden])
            #expect(try await active(other, "?genre=soul") == [])
            let first = try await rooms.call(.get, "/sessions/active?limit=3", as: host).json
            let rest = try await rooms.call(
                .get, "/sessions/active?limit=3&cursor=\(first["nextCursor"].string ?? "")", as: host
            ).json
            #expect(first.items.count == 3)
            #expect(rest.items.compactMap { $0["id"].string } == [ids["public"]])
            #expect(rest["nextCursor"] == .null)
            #expect(!rest.items[0].fields.contains("queue"))
            #expect(try await rooms.call(.get, "/sessions/active?cursor=x", as: host).code == "invalid_cursor")
            for type in ["public", "private"] {
                try await rooms.call(.patch, "/sessions/\(ids[type] ?? "")/end", as: host)
            }
            func ended(_ user: TestUser) async throws -> [String] {
                try await rooms.call(.get, "/sessions/recent/ended", as: user).json.items.compactMap { $0["id"].string }
            }
            #expect(try await ended(other) == [ids["public"]])
            #expect(try await ended(host) == [ids["private"], ids["public"]])
            #expect(try await active(other) == [])
        }
    }

    @Test func whoIsNotThereForSessionsIsTold() async throws {
        try await TestRooms.run(["FEATURE_SESSIONS": "admins"]) { rooms in
            let (user, admin) = (try await rooms.user(), try await rooms.user("admin", role: "admin"))
            for path in ["active", "recent/ended", "\(SessionID.new())", "\(SessionID.new())/queue"] {
                #expect(try await rooms.call(.get, "/sessions/\(path)", as: user).code == "feature_disabled")
            }
            #expect(try await rooms.call(.post, "/sessions", as: user, body: ["genre": "x"]).code == "feature_disabled")
            #expect(try await rooms.call(.get, "/sessions/active", as: admin).status == 200)
        }
    }

    @Test func whatIsNoSessionIsNotFound() async throws {
        try await TestRooms.run { rooms in
            let user = try await rooms.user()
            for id in ["x", SessionID.new().description] {
                #expect(try await rooms.call(.get, "/sessions/\(id)", as: user).code == "session_not_found")
                #expect(try await rooms.call(.post, "/sessions/\(id)/join", as: user).code == "session_not_found")
                #expect(try await rooms.call(.patch, "/sessions/\(id)/end", as: user).code == "session_not_found")
            }
        }
    }

    private func begin(
        _ rooms: TestRooms, _ host: TestUser, _ room: String, _ fields: [String: JSONValue] = [:]
    ) async throws -> String {
        let body = ["genre": "jazz", "roomId": .string(room)].merging(fields) { $1 }
        let answer = try await rooms.call(.post, "/sessions", as: host, body: body)
        guard let id = answer.json["id"].string else { throw Unexpected(answer: answer) }
        return id
    }
}
