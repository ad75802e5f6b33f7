import Events
import HTTPTypes
import Identifiers
import Postgres
import Redis
import Testing

@testable import RoomService

/// What the two of a pair can do, and what nobody can.
@Suite struct PairRoomTests {
    private static let calls = ["like", "keep", "report", "end"]

    private func call(_ name: String, _ room: String, as user: TestUser, _ rooms: TestRooms) async throws -> Answer {
        try await rooms.call(
            .post, "/chat/\(name)/\(room)", as: user, body: name == "report" ? ["reason": "rude"] : nil)
    }

    @Test func aLikeIsToldOnceItIsMutual() async throws {
        try await TestRooms.run { rooms in
            let pair = try await rooms.pair()
            for _ in 0..<2 { #expect(try await call("like", pair.room, as: pair.first, rooms).status == 204) }
            #expect(try await rooms.told("mutual_like").isEmpty)
            for user in [pair.second, pair.second, pair.first] {
                #expect(try await call("like", pair.room, as: user, rooms).status == 204)
            }
            let told = try await rooms.told("mutual_like")
            #expect(told.count == 1)
            #expect(told.first?["room_id"].string == pair.room)
            #expect(told.first?["user_id"].string == pair.second.id.description)
            #expect(told.first?["target_user_id"].string == pair.first.id.description)
        }
    }

    @Test func aRoomThatBothKeepIsAChatRoomWithoutEnd() async throws {
        try await TestRooms.run { rooms in
            let pair = try await rooms.pair()
            let id = try await rooms.id(of: pair.room)
            // By the UUID too.
            for _ in 0..<2 { #expect(try await call("keep", "\(id)", as: pair.second, rooms).status == 204) }
            #expect(try await rooms.standing(pair.first)["status"] == "matched", "one is not enough")
            #expect(try await call("keep", pair.room, as: pair.first, rooms).status == 204)
            let room = try await rooms.call(.get, "/chat/room/\(pair.room)", as: pair.first)
            #expect(room.json["kind"] == "chat" && room.json["expiresAt"] == .null && room.json["isActive"] == true)
            #expect(room.json["maxParticipants"] == 2 && room.json["type"] == "private")
            #expect(room.json["myRole"] == "owner" && room.json["version"] == 2)
            #expect(room.headers[.eTag] == "\"2\"")
            let facts = try await FactTable.read(of: id, after: 2, limit: 10, in: rooms.app.store.pool)
            #expect(facts.map(\.body.type) == [.memberUpdated, .roomUpdated])
            guard case .roomUpdated(let view) = facts.last?.body else { throw Unexpected(answer: nil) }
            #expect(view.kind == .chat && view.expiresAt == nil && view.version == 2)
            let object = try await rooms.redis.send(.init("GET", "room:\(pair.room)")).string
            #expect(object?.contains(#""kind":"chat""#) == true)
            // It is nobody's pair any more; both search on, and do not get each other again at once.
            for user in [pair.first, pair.second] {
                #expect(try await call("keep", pair.room, as: user, rooms).status == 204, "said again")
                #expect(try await rooms.standing(user)["status"] == "none")
                #expect(try await rooms.search(user).status == 202)
            }
            #expect(try await call("end", pair.room, as: pair.first, rooms).code == "conflict")
            rooms.clock.advance(by: .seconds(48 * 3600))
            try await ExpiryJob(store: rooms.app.store, seats: rooms.app.seats, activity: rooms.app.activity) { _ in nil
            }
            .run(at: rooms.clock.now)
            #expect(try await rooms.call(.get, "/rooms/\(pair.room)", as: pair.first).json["isActive"] == true)
            // An ordinary room from now on.
            let renamed = try await rooms.call(.patch, "/rooms/\(pair.room)", as: pair.first, body: ["name": "Us"])
            #expect(renamed.json["name"] == "Us")
            let invited = try await rooms.call(
                .post, "/rooms/\(pair.room)/invite", as: pair.second, body: ["email": "x@example.test"])
            #expect(invited.status == 201)
        }
    }

    @Test(arguments: ["end", "report", "leave"])
    func eitherEndsItForBoth(_ how: String) async throws {
        try await TestRooms.run { rooms in
            let pair = try await rooms.pair()
            let answer =
                how == "leave"
                ? try await rooms.call(.post, "/rooms/\(pair.room)/leave", as: pair.second)
                : try await call(how, pair.room, as: pair.second, rooms)
            #expect(answer.status == (how == "leave" ? 200 : 204))
            for user in [pair.first, pair.second] {
                #expect(try await rooms.standing(user) == ["status": "none", "room": nil])
            }
            let shown = try await rooms.call(.get, "/chat/room/\(pair.room)", as: pair.first)
            #expect(shown.json["isActive"] == false && shown.json["endedAt"].string != nil)
            for name in ["like", "keep", "end"] {
                #expect(try await call(name, pair.room, as: pair.first, rooms).code == "room_ended", "\(name)")
            }
            if how != "leave" {
                #expect(try await call(how, pair.room, as: pair.second, rooms).status == 204, "said again by the same")
                #expect(try await call("like", pair.room, as: pair.second, rooms).code == "room_ended")
            } else {
                #expect(try await call("end", pair.room, as: pair.second, rooms).code == "not_a_member")
            }
            let facts = try await FactTable.read(
                of: rooms.id(of: pair.room), after: 2, limit: 10, in: rooms.app.store.pool)
            #expect(facts.filter { $0.body.type == .roomEnded }.count == 1)
            // Who ended it first does not escape a report.
            #expect(try await call("report", pair.room, as: pair.first, rooms).status == 204)
        }
    }

    @Test func whoseRoomEndedMeetAgainAfterAnHour() async throws {
        try await TestRooms.run { rooms in
            let pair = try await rooms.pair()
            _ = try await call("end", pair.room, as: pair.first, rooms)
            #expect(try await rooms.search(pair.first, "jazz").status == 202)
            rooms.clock.advance(by: .seconds(1))
            #expect(try await rooms.search(pair.second, "jazz").status == 202)
            // The next comer may have either of them.
            let other = try await rooms.search(try await rooms.user(), "jazz")
            #expect(other.json["room"]["hostId"].string == pair.first.id.description)
            _ = try await call("end", try #require(other.json["room"]["roomId"].string), as: pair.first, rooms)
            for user in [pair.first, pair.second] { try await rooms.call(.post, "/chat/cancel-search", as: user) }
            rooms.clock.advance(by: .milliseconds(3_598_999))
            #expect(try await rooms.search(pair.first).status == 202)
            #expect(try await rooms.search(pair.second).status == 202)
            rooms.clock.advance(by: .milliseconds(1))
            try await rooms.call(.post, "/chat/cancel-search", as: pair.second)
            #expect(try await rooms.search(pair.second).status == 200)
            try await CleanUpJob(store: rooms.app.store, purgeAfter: .seconds(86_400)) { _ in }.run(at: rooms.clock.now)
            #expect(try await rooms.sql("SELECT 1 FROM pairing_pauses").count == 1, "the other pause runs on")
        }
    }

    @Test func whoWasReportedIsNeverMetAgain() async throws {
        try await TestRooms.run { rooms in
            let pair = try await rooms.pair()
            for _ in 0..<2 {
                let answer = try await rooms.call(
                    .post, "/chat/report/\(pair.room)", as: pair.first, body: ["reason": "rude\nand loud"])
                #expect(answer.status == 204)
            }
            let admin = try await rooms.user("admin", role: "admin")
            let reports = try await rooms.call(.get, "/admin/reports", as: admin).json.items
            #expect(reports.count == 1)
            #expect(reports.first?["roomId"].string == pair.room)
            #expect(reports.first?["userId"].string == pair.second.id.description)
            #expect(reports.first?["reporterId"].string == pair.first.id.description)
            #expect(try await rooms.told("report_created").count == 1)
            rooms.clock.advance(by: .seconds(400 * 86_400))
            try await CleanUpJob(store: rooms.app.store, purgeAfter: .seconds(86_400)) { _ in }.run(at: rooms.clock.now)
            #expect(try await rooms.sql("SELECT 1 FROM rooms").isEmpty, "not even when the room is gone")
            #expect(try await rooms.search(pair.first).status == 202)
            #expect(try await rooms.search(pair.second).status == 202)
            rooms.clock.advance(by: .seconds(60))
            _ = await rooms.matchmaker().pass()
            #expect(try await rooms.standing(pair.first)["status"] == "searching")
        }
    }

    @Test func anOrdinaryReportOfAPairIsOneToo() async throws {
        try await TestRooms.run { rooms in
            let pair = try await rooms.pair()
            let made = try await rooms.call(
                .post, "/rooms/\(pair.room)/reports", as: pair.first, body: ["reason": "rude"])
            #expect(made.status == 201)
            #expect(try await rooms.standing(pair.second)["status"] == "none")
            #expect(try await rooms.sql("SELECT 1 FROM pairing_pauses WHERE until IS NULL").count == 1)
        }
    }

    @Test(arguments: [#"{}"#, #"{"reason": ""}"#, #"{"reason": 1}"#, #"{"reason": "a\u0000b"}"#])
    func aReportNeedsAReason(_ body: String) async throws {
        try await TestRooms.run { rooms in
            let pair = try await rooms.pair()
            let answer = try await rooms.send(.post, "/chat/report/\(pair.room)", as: pair.first, text: body)
            #expect(answer.code == "invalid_input")
            #expect(answer.json["errors"][0]["field"] == "reason")
            #expect(try await rooms.standing(pair.first)["status"] == "matched")
        }
    }

    @Test func strangersGetNothing() async throws {
        try await TestRooms.run { rooms in
            let pair = try await rooms.pair()
            let (stranger, owner) = (try await rooms.user("stranger"), try await rooms.user("owner"))
            let meeting = try await rooms.room(owner)
            for name in Self.calls {
                // Whatever the body says: who may not call is told that first.
                let refused = try await rooms.send(.post, "/chat/\(name)/\(pair.room)", as: stranger, text: "{")
                #expect(refused.code == "not_a_member", "\(name)")
                for unknown in [meeting, "abc-defg-hij", "nonsense", UserID.new().description] {
                    let answer = try await call(name, unknown, as: owner, rooms)
                    #expect(answer.code == "room_not_found", "\(name) \(unknown)")
                }
                #expect(try await rooms.call(.post, "/chat/\(name)/\(pair.room)").status == 401)
            }
            #expect(try await rooms.call(.get, "/chat/room/\(pair.room)", as: stranger).code == "not_a_member")
            #expect(try await rooms.call(.get, "/chat/room/\(meeting)", as: owner).code == "room_not_found")
            #expect(try await rooms.call(.get, "/rooms/\(pair.room)", as: stranger).code == "not_a_member")
            #expect(try await rooms.call(.post, "/rooms/\(pair.room)/join", as: stranger).code == "invitation_required")
        }
    }

    @Test func nobodyIsAboveTheOtherAndNobodyElseComesIn() async throws {
        try await TestRooms.run { rooms in
            let pair = try await rooms.pair()
            let other = try await rooms.user("other")
            let user: [String: JSONValue] = ["userId": .string(other.id.description)]
            let partner = "/rooms/\(pair.room)/members/\(pair.second.id)"
            let refused: [(HTTPRequest.Method, String, [String: JSONValue]?)] = [
                (.post, "/rooms/\(pair.room)/invite", ["email": "x@example.test"]),
                (.patch, "/rooms/\(pair.room)", ["type": "public"]), (.delete, "/rooms/\(pair.room)", nil),
                (.post, "/rooms/\(pair.room)/members", user), (.delete, partner, nil),
                (.patch, partner, ["isMuted": true]), (.patch, partner, ["role": "moderator"]),
                (.post, "/rooms/\(pair.room)/bans", user), (.get, "/rooms/\(pair.room)/audit", nil),
            ]
            for (method, path, body) in refused {
                let answer = try await rooms.call(method, path, as: pair.first, body: body)
                #expect(answer.code == "forbidden", "\(method) \(path)")
            }
            let made = try await rooms.call(.post, "/rooms", as: other, body: ["kind": "pair", "name": "x"])
            #expect(made.code == "invalid_input")
        }
    }

    @Test func aPairThatNobodySitsInEndsAfterTenMinutes() async throws {
        try await TestRooms.run { rooms in
            let (left, held) = (try await rooms.pair(), try await rooms.pair())
            let meeting = try await rooms.room(left.first)
            let job = ExpiryJob(store: rooms.app.store, seats: rooms.app.seats, activity: rooms.app.activity) { _ in nil
            }
            try await rooms.seat([held.first.id], in: held.room)
            rooms.clock.advance(by: .seconds(599))
            try await job.run(at: rooms.clock.now)
            #expect(try await rooms.standing(left.first)["status"] == "matched")
            rooms.clock.advance(by: .seconds(1))
            try await job.run(at: rooms.clock.now)
            #expect(try await rooms.standing(left.first)["status"] == "none")
            #expect(try await rooms.standing(held.first)["status"] == "matched", "a seat held is somebody")
            #expect(try await rooms.call(.get, "/rooms/\(meeting)", as: left.first).json["isActive"] == true)
            let facts = try await FactTable.read(
                of: rooms.id(of: left.room), after: 2, limit: 10, in: rooms.app.store.pool)
            guard case .roomEnded(_, .expired) = facts.last?.body else { throw Unexpected(answer: nil) }
        }
    }

    /// Nobody can say that a room is empty while the seats cannot be read; its day ends all the same.
    @Test func withoutTheSeatsNoPairIsTakenForAbandoned() async throws {
        try await TestRooms.run(["REDIS_URL": "redis://127.0.0.1:1"]) { rooms in
            let pair = try await rooms.pair()
            let job = ExpiryJob(store: rooms.app.store, seats: rooms.app.seats, activity: rooms.app.activity) { _ in nil
            }
            rooms.clock.advance(by: .seconds(3600))
            try await job.run(at: rooms.clock.now)
            #expect(try await rooms.standing(pair.first)["status"] == "matched")
            rooms.clock.advance(by: .seconds(23 * 3600))
            #expect(try await rooms.standing(pair.first)["status"] == "none", "for whoever looks")
            #expect(try await call("like", pair.room, as: pair.first, rooms).code == "room_ended")
        }
    }
}
