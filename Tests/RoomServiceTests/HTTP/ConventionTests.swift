import Events
import HTTPTypes
import Identifiers
import Testing

@testable import RoomService

@Suite struct ConventionTests {
    @Test func thePathFromTokenToLeave() async throws {
        try await TestRooms.run { rooms in
            let (ann, bob) = (try await rooms.user("ann"), try await rooms.user("bob"))
            let made = try await rooms.call(.post, "/rooms", as: ann)
            #expect(made.status == 201)
            let room = try #require(made.json["roomId"].string)
            #expect(made.headers[.location] == "/rooms/\(room)")
            #expect(made.headers[.eTag] == "\"1\"")
            #expect(made.json["kind"] == "meeting")
            #expect(made.json["name"] == .null)
            let joined = try await rooms.call(.post, "/rooms/\(room)/join", as: bob)
            #expect(joined.json["room"]["memberCount"] == 2)
            #expect(try await rooms.call(.post, "/rooms/\(room)/join", as: bob).status == 200)
            let members = try await rooms.call(.get, "/rooms/\(room)/members", as: bob)
            #expect(members.json.items.map { $0["displayName"].string } == ["ann", "bob"])
            let left = try await rooms.call(.post, "/rooms/\(room)/leave", as: ann)
            #expect(left.json.fields == ["roomId", "userId", "leftAt"])
            #expect(try await rooms.call(.get, "/rooms/\(room)", as: bob).json["myRole"] == "owner")
            let facts = try await rooms.ask(.get, "/internal/rooms/\(room)/facts?after=1&limit=2")
            #expect(facts.json["head"] == 4)
            #expect(facts.json.items.map { $0["type"].string } == ["member_joined", "member_left"])
        }
    }

    @Test func bodiesAreReadAsTheContractSays() async throws {
        try await TestRooms.run { rooms in
            let user = try await rooms.user()
            func post(_ text: String?, _ headers: [String: String] = [:]) async throws -> Answer {
                try await rooms.send(.post, "/rooms", as: user, text: text, headers: headers)
            }
            #expect(try await post(nil).status == 201)
            #expect(try await post("{}").status == 201)
            #expect(try await post(#"{"name": null, "stranger": 1}"#).status == 201)
            for wrong in ["[]", "1", "{", "null", "\"x\"", #"{"name": "x",}"#] {
                #expect(try await post(wrong).code == "invalid_json")
            }
            let typed = try await post(#"{"maxParticipants": "four"}"#)
            #expect(typed.code == "invalid_input")
            #expect(typed.json["errors"][0]["field"] == "maxParticipants")
            #expect(try await post("name=x", ["Content-Type": "text/plain"]).status == 415)
            let long = #"{"description": "\#(String(repeating: "x", count: 300_000))"}"#
            #expect(try await post(long).status == 413)
            #expect(try await post("{}", ["Idempotency-Key": ""]).status == 400)
        }
    }

    @Test func aCallWithoutFieldsMindsItsBodyAllTheSame() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            func join(_ text: String?, as user: TestUser, _ headers: [String: String] = [:]) async throws -> Answer {
                try await rooms.send(.post, "/rooms/\(room)/join", as: user, text: text, headers: headers)
            }
            for call in ["join", "leave"] {
                let path = "/rooms/\(room)/\(call)"
                #expect(try await rooms.send(.post, path, as: people.member, text: "{").code == "invalid_json")
                let plain = ["Content-Type": "text/plain"]
                #expect(try await rooms.send(.post, path, as: people.member, text: "x", headers: plain).status == 415)
            }
            #expect(try await join("{", as: people.banned).code == "banned")
            #expect(try await join(#"{"stranger": 1}"#, as: people.other).status == 200)
        }
    }

    /// The caller's rights come first.
    @Test func aMalformedKeyIsToldWithTheBodysFaults() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            func invite(_ user: TestUser, to room: String) async throws -> Answer {
                try await rooms.call(
                    .post, "/rooms/\(room)/invite", as: user, body: ["email": "a@b.example"],
                    headers: ["Idempotency-Key": "a b"])
            }
            #expect(try await invite(people.other, to: room).code == "not_a_member")
            #expect(try await invite(people.other, to: "aaa-aaaa-aaa").code == "room_not_found")
            let refused = try await invite(people.member, to: room)
            #expect(refused.status == 400 && refused.json["errors"][0]["field"] == "Idempotency-Key")
            let list = try await rooms.call(.get, "/rooms/\(room)/invitations", as: people.member)
            #expect(list.json.items.isEmpty)
        }
    }

    @Test func namesInPathsMayBeEncoded() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            let id = try await rooms.id(of: room).description
            for name in [room, id] {
                let path = "/rooms/\(name.replacing("-", with: "%2D"))"
                #expect(try await rooms.call(.get, path, as: people.owner).json["roomId"].string == room)
                let member = people.member.id.description.replacing("-", with: "%2d")
                let muted = try await rooms.call(
                    .patch, "\(path)/members/\(member)", as: people.owner, body: ["isMuted": true])
                #expect(muted.status == 200)
            }
            for wrong in ["%20", "%FF", "\(room)%20", "%2"] {
                #expect(
                    try await rooms.call(.get, "/rooms/\(wrong)", as: people.owner).code == "room_not_found", "\(wrong)"
                )
            }
        }
    }

    @Test func refusalsComeInOrder() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            func patch(_ who: TestUser?, _ text: String, _ headers: [String: String] = [:]) async throws -> String? {
                try await rooms.send(.patch, "/rooms/\(room)", as: who, text: text, headers: headers).code
            }
            #expect(try await patch(nil, "{") == "unauthenticated")
            #expect(try await patch(people.member, "{") == "forbidden")
            #expect(try await patch(people.owner, "{", ["If-Match": "\"9\""]) == "invalid_json")
            #expect(try await patch(people.owner, #"{"name": ""}"#, ["If-Match": "\"9\""]) == "invalid_input")
            #expect(try await patch(people.owner, #"{"name": "x"}"#, ["If-Match": "\"9\""]) == "stale_version")
            let meeting = try await rooms.room(people.owner)
            let plan = try await rooms.call(
                .patch, "/rooms/\(meeting)", as: people.owner, body: ["maxParticipants": 5, "name": ""])
            #expect(plan.code == "feature_forbidden")
            let muteOwner = try await rooms.send(
                .patch, "/rooms/\(room)/members/\(people.owner.id)", as: people.moderator, text: "{")
            #expect(muteOwner.code == "forbidden")
            #expect(try await rooms.call(.delete, "/rooms/\(room)/members/x", as: people.member).code == "forbidden")
            #expect(
                try await rooms.call(.delete, "/rooms/\(room)/members/x", as: people.owner).code == "user_not_found")
        }
    }

    @Test func updatesCountOnlyWhatChanges() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user()
            let room = try await rooms.room(owner, ["name": "A"])
            let same = try await rooms.call(.patch, "/rooms/\(room)", as: owner, body: ["name": "A"])
            #expect(same.headers[.eTag] == "\"1\"")
            let cleared = try await rooms.call(.put, "/rooms/\(room)", as: owner, body: ["name": nil])
            #expect(cleared.json["name"] == .null)
            #expect(cleared.headers[.eTag] == "\"2\"")
            #expect(
                try await rooms.call(.patch, "/rooms/\(room)", as: owner, body: [:], headers: ["If-Match": "*"]).status
                    == 200)
        }
    }

    @Test func listsArePages() async throws {
        try await TestRooms.run { rooms in
            let user = try await rooms.user()
            var made: [String] = []
            for _ in 0..<5 {
                made.append(try await rooms.room(user))
                rooms.clock.advance(by: .milliseconds(5))
            }
            var seen: [String] = []
            var cursor: String?
            repeat {
                let rest = cursor.map { "&cursor=\($0)" } ?? ""
                let page = try await rooms.call(.get, "/rooms?limit=2\(rest)", as: user)
                seen += page.json.items.compactMap { $0["roomId"].string }
                cursor = page.json["nextCursor"].string
            } while cursor != nil
            #expect(seen == made.reversed())
            for wrong in ["limit=0", "limit=201", "limit=x", "status=open"] {
                #expect(try await rooms.call(.get, "/rooms?\(wrong)", as: user).code == "invalid_input")
            }
            #expect(try await rooms.call(.get, "/rooms?cursor=x", as: user).code == "invalid_cursor")
            try await rooms.call(.delete, "/rooms/\(made[0])", as: user)
            #expect(try await rooms.call(.get, "/rooms?status=ended", as: user).json.items.count == 1)
            #expect(try await rooms.call(.get, "/rooms?status=all", as: user).json.items.count == 5)
            #expect(try await rooms.call(.get, "/rooms/", as: user).json.items.count == 4)
        }
    }

    @Test func whoHoldsASeatGetsIceServers() async throws {
        try await TestRooms.run { rooms in
            let user = try await rooms.user()
            let room = try await rooms.room(user)
            try await rooms.seat([user.id], in: room)
            let answer = try await rooms.call(.get, "/rooms/\(room)/ice-servers", as: user)
            #expect(answer.status == 200)
            #expect(answer.json["ttl"] == 3600)
            #expect(answer.json["iceServers"][0]["urls"][0] == "stun:127.0.0.1:3478")
            #expect(answer.json["iceServers"][1]["username"].string?.hasSuffix(":\(user.id)") == true)
            let shown = try await rooms.call(.get, "/rooms/\(room)/participants", as: user)
            #expect(shown.json.items[0]["isOnline"] == true)
            #expect(shown.json["asOf"].string != nil)
        }
    }

    @Test func aFullRoomTakesNoNewcomer() async throws {
        try await TestRooms.run { rooms in
            let users = [try await rooms.user("a"), try await rooms.user("b"), try await rooms.user("c")]
            let room = try await rooms.room(users[0], ["maxParticipants": 2])
            try await rooms.join(users[1], room)
            try await rooms.seat([users[0].id, users[1].id], in: room)
            #expect(try await rooms.call(.post, "/rooms/\(room)/join", as: users[2]).code == "room_full")
            #expect(try await rooms.call(.post, "/rooms/\(room)/join", as: users[1]).status == 200)
        }
    }
}
