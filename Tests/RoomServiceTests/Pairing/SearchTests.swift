import Events
import HTTPTypes
import Identifiers
import Postgres
import Redis
import Testing

@testable import RoomService

/// Who is brought together with whom, as the two see it.
@Suite struct SearchTests {
    @Test func twoWhoSearchGetARoomOfTheirOwn() async throws {
        try await TestRooms.run { rooms in
            let (ada, bob) = (try await rooms.user("Ada"), try await rooms.user("Bob"))
            #expect(try await rooms.standing(ada) == ["status": "none", "room": nil])
            let waiting = try await rooms.search(ada, "Chess", "jazz")
            #expect(waiting.status == 202)
            #expect(waiting.json == ["status": "searching"])
            rooms.clock.advance(by: .milliseconds(1))
            #expect(try await rooms.standing(ada) == ["status": "searching", "room": nil])

            let matched = try await rooms.search(bob, "JAZZ ")
            #expect(matched.status == 200)
            #expect(matched.json["status"] == "matched")
            let room = matched.json["room"]
            #expect(room["kind"] == "pair" && room["type"] == "private" && room["isPrivate"] == true)
            #expect(room["maxParticipants"] == 2 && room["memberCount"] == 2 && room["isActive"] == true)
            #expect(room["myRole"] == "member", "nobody is above the other")
            #expect(room["hostId"].string == ada.id.description, "who waited longer")
            #expect(room["expiresAt"].string != nil)
            for user in [ada, bob] {
                #expect(try await rooms.standing(user) == ["status": "matched", "room": room])
                #expect(try await rooms.search(user).json == ["status": "matched", "room": room], "as it stands")
                let code = try #require(room["roomId"].string)
                #expect(try await rooms.call(.get, "/chat/room/\(code)", as: user).json == room)
                #expect(try await rooms.call(.get, "/rooms/\(code)", as: user).json == room)
            }
            // Facts, so that both find themselves in the timeline.
            let code = try #require(room["roomId"].string)
            let facts = try await FactTable.read(of: rooms.id(of: code), after: 0, limit: 10, in: rooms.app.store.pool)
            #expect(facts.map(\.fact) == [1, 2])
            #expect(facts.map(\.userId) == [ada.id, bob.id])
            let event = try #require(try await rooms.told("match_found").first)
            #expect(
                Set([event["user_id"].string, event["target_user_id"].string])
                    == [ada.id.description, bob.id.description])
            #expect(event["room"]["room_id"].string == code && event["room"]["my_role"] == "member")
            let object = try await rooms.redis.send(RedisCommand("GET", "room:\(code)")).string
            #expect(object?.contains(#""kind":"pair""#) == true)
        }
    }

    @Test func whoSharesNothingWaitsTenSecondsAndThenHasAnybody() async throws {
        try await TestRooms.run { rooms in
            let (ada, bob) = (try await rooms.user("Ada"), try await rooms.user("Bob"))
            try await rooms.search(ada, "chess")
            rooms.clock.advance(by: .seconds(4))
            #expect(try await rooms.search(bob, "jazz").status == 202)
            rooms.clock.advance(by: .milliseconds(5_999))
            #expect(await rooms.matchmaker().pass() == .milliseconds(1), "it knows when there is something to do")
            #expect(try await rooms.standing(ada)["status"] == "searching")
            rooms.clock.advance(by: .milliseconds(1))
            #expect(await rooms.matchmaker().pass() == .seconds(10), "and when there is not")
            let room = try await rooms.standing(ada)["room"]
            #expect(try await rooms.standing(bob)["room"] == room)
            #expect(room["hostId"].string == ada.id.description)
        }
    }

    @Test func whoArrivesTakesWhoSharesThenWhoHasWaitedLongest() async throws {
        try await TestRooms.run { rooms in
            let names = ["old", "older", "sharing", "comer", "next"]
            var users: [String: TestUser] = [:]
            for name in names { users[name] = try await rooms.user(name) }
            func user(_ name: String) throws -> TestUser { try #require(users[name]) }
            try await rooms.search(user("older"), "a")
            rooms.clock.advance(by: .seconds(1))
            try await rooms.search(user("old"), "b")
            rooms.clock.advance(by: .seconds(8))
            try await rooms.search(user("sharing"), "c")
            rooms.clock.advance(by: .seconds(2))
            #expect(
                try await rooms.search(user("comer"), "c").json["room"]["hostId"].string
                    == user("sharing").id.description)
            #expect(
                try await rooms.search(user("next"), "d").json["room"]["hostId"].string == user("older").id.description)
            #expect(try await rooms.standing(user("old"))["status"] == "searching")
        }
    }

    @Test func whoCancelledIsNotFound() async throws {
        try await TestRooms.run { rooms in
            let (ada, bob) = (try await rooms.user("Ada"), try await rooms.user("Bob"))
            try await rooms.search(ada)
            for _ in 0..<2 { #expect(try await rooms.call(.post, "/chat/cancel-search", as: ada).status == 204) }
            #expect(try await rooms.standing(ada)["status"] == "none")
            #expect(try await rooms.search(bob).status == 202)
            // What has come of a search is not undone.
            try await rooms.search(ada)
            #expect(try await rooms.call(.post, "/chat/cancel-search", as: ada).status == 204)
            #expect(try await rooms.standing(ada)["status"] == "matched")
        }
    }

    @Test func aSearchThatNobodyRenewsEnds() async throws {
        try await TestRooms.run { rooms in
            let (gone, here, live) = (
                try await rooms.user("gone"), try await rooms.user("here"), try await rooms.user()
            )
            for user in [gone, here, live] { try await rooms.search(user, [user.email]) }
            // Longer than the ten seconds after which all three would have each other.
            _ = try await rooms.sql("UPDATE pairing SET since = since + interval '1 hour'")
            for _ in 0..<3 {
                rooms.clock.advance(by: .seconds(61))
                #expect(try await rooms.standing(here)["status"] == "searching")
                let present = try await rooms.send(
                    .post, "/internal/searches", text: #"{"userIds":["\#(live.id)"]}"#,
                    headers: ["Authorization": "Bearer internal"])
                #expect(present.status == 204)
            }
            #expect(try await rooms.standing(gone)["status"] == "none")
            #expect(try await rooms.standing(live)["status"] == "searching")
            let comer = try await rooms.user("comer")
            #expect(try await rooms.search(comer, [gone.email]).status == 202, "nobody meets who went away")
            _ = await rooms.matchmaker().pass()
            let left = try await rooms.sql("SELECT 1 FROM pairing WHERE user_id = \(gone.id)")
            #expect(left.isEmpty)
            // And it begins anew, with other interests.
            #expect(try await rooms.search(gone, "else").status == 202)
            #expect(try await rooms.sql("SELECT 1 FROM pairing_interests WHERE interest = 'else'").count == 1)
        }
    }

    @Test func aSearchBeganAnewAfterItRanOutKnowsItsNewInterestsOnly() async throws {
        try await TestRooms.run { rooms in
            let (ada, bob) = (try await rooms.user("Ada"), try await rooms.user("Bob"))
            try await rooms.search(ada, "chess")
            rooms.clock.advance(by: .seconds(120))
            #expect(try await rooms.search(ada, "jazz").status == 202)
            #expect(try await rooms.search(bob, "chess").status == 202)
            #expect(try await rooms.search(try await rooms.user(), "jazz").status == 200)
        }
    }

    @Test func whoseAccountIsBannedIsTakenOut() async throws {
        try await TestRooms.run { rooms in
            let admin = try await rooms.user("admin", role: "admin")
            let searching = try await rooms.user("searching"), bob = try await rooms.user("Bob")
            let pair = try await rooms.pair()
            try await rooms.search(searching, "jazz")
            for user in [searching, pair.first] {
                try await rooms.call(.post, "/admin/users/\(user.id)/ban", as: admin, body: ["reason": "spam"])
            }
            #expect(try await rooms.search(bob, "jazz").status == 202)
            #expect(try await rooms.sql("SELECT 1 FROM pairing WHERE user_id = \(searching.id)").isEmpty)
            #expect(try await rooms.search(searching).code == "account_banned")
            #expect(try await rooms.standing(pair.second)["status"] == "none", "nobody waits for who is banned")
            // Also one that slipped in between.
            _ = try await rooms.sql("UPDATE users SET banned_at = now() WHERE id = \(bob.id)")
            #expect(try await rooms.search(try await rooms.user(), "jazz").status == 202)
        }
    }

    @Test(arguments: [
        #"{"interests": "jazz"}"#, #"{"interests": [""]}"#, #"{"interests": ["a\u0007b"]}"#, #"{"interests": [1]}"#,
        #"{"interests": [\#(String(repeating: #""a","#, count: 20))"a"]}"#,
    ])
    func interestsAreChecked(_ body: String) async throws {
        try await TestRooms.run { rooms in
            let answer = try await rooms.send(.post, "/chat/search", as: try await rooms.user(), text: body)
            #expect(answer.status == 400)
            #expect(answer.json["errors"][0]["field"].string?.hasPrefix("interests") == true)
        }
    }

    @Test func theFeatureCanBeSwitchedOff() async throws {
        let calls: [(HTTPRequest.Method, String)] = [
            (.post, "search"), (.post, "cancel-search"), (.get, "current-room"), (.get, "room/abc-defg-hij"),
            (.post, "like/abc-defg-hij"), (.post, "keep/abc-defg-hij"), (.post, "report/abc-defg-hij"),
            (.post, "end/abc-defg-hij"),
        ]
        try await TestRooms.run(["FEATURE_PAIRING": "admins"]) { rooms in
            let (user, admin) = (try await rooms.user(), try await rooms.user(role: "admin"))
            for (method, path) in calls {
                #expect(try await rooms.call(method, "/chat/\(path)", as: user).code == "feature_disabled", "\(path)")
                #expect(try await rooms.call(method, "/chat/\(path)").status == 401, "\(path)")
            }
            #expect(try await rooms.search(admin).status == 202)
            #expect(try await rooms.call(.get, "/chat/search", as: user).status == 405)
        }
    }
}
