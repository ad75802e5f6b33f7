import Events
import HTTPTypes
import Identifiers
import Postgres
import Testing

@testable import RoomService

@Suite struct ModerationTests {
    @Test func actsAreLoggedAndTamperingShows() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            for (body, path) in [(["isMuted": true], people.member.id), (["isMuted": false], people.member.id)]
                as [([String: JSONValue], UserID)]
            {
                try await rooms.call(.patch, "/rooms/\(room)/members/\(path)", as: people.moderator, body: body)
            }
            try await rooms.call(
                .post, "/rooms/\(room)/bans", as: people.moderator,
                body: ["userId": .string(people.member.id.description), "reason": "too loud"])
            let log = try await rooms.call(.get, "/rooms/\(room)/audit", as: people.moderator)
            #expect(
                log.json.items.map { $0["action"].string } == [
                    "member_banned", "member_unmuted", "member_muted", "member_banned", "role_changed", "member_added",
                    "member_added",
                ])
            #expect(log.json.items[0]["reason"] == "too loud")
            #expect(log.json.items[0]["previousHash"] == log.json.items[1]["hash"])
            func verdict() async throws -> JSONValue {
                try await rooms.call(.get, "/rooms/\(room)/audit/verify", as: people.owner).json
            }
            #expect(try await verdict()["valid"] == true)
            #expect(try await verdict()["count"] == 7)

            let id = try await rooms.id(of: room)
            await #expect(throws: (any Error).self) {
                _ = try await rooms.sql("UPDATE audit SET reason = 'kind' WHERE room_id = \(id)")
            }
            await #expect(throws: (any Error).self) {
                _ = try await rooms.sql("DELETE FROM audit WHERE room_id = \(id)")
            }
            // Whoever owns the database can switch the guard off; the chain tells.
            _ = try await rooms.sql("ALTER TABLE audit DISABLE TRIGGER audit_rows")
            _ = try await rooms.sql("UPDATE audit SET reason = 'kind' WHERE room_id = \(id) AND number = 3")
            let broken = try await verdict()
            #expect(broken["valid"] == false)
            #expect(broken["firstBroken"] == log.json.items[4]["id"])
            _ = try await rooms.sql("DELETE FROM audit WHERE room_id = \(id) AND number >= 3")
            #expect(try await verdict()["valid"] == false)
        }
    }

    @Test func aBanEndsMembershipAndAtItsMomentItself() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            let until = rooms.clock.now + .seconds(60)
            let made = try await rooms.call(
                .post, "/rooms/\(room)/bans", as: people.moderator,
                body: ["userId": .string(people.member.id.description), "until": .string(until.description)])
            #expect(made.status == 201)
            #expect(made.json["until"].string == until.description)
            #expect(try await rooms.call(.get, "/rooms/\(room)/stats", as: people.member).code == "not_a_member")
            #expect(try await rooms.call(.post, "/rooms/\(room)/join", as: people.member).code == "banned")
            let added = try await rooms.call(
                .post, "/rooms/\(room)/members", as: people.owner,
                body: ["userId": .string(people.member.id.description)])
            #expect(added.status == 409)
            let facts = try await FactTable.read(
                of: rooms.id(of: room), after: 0, limit: 100, in: rooms.app.store.pool)
            #expect(facts.last?.body.type == .memberBanned)
            let admission = try await rooms.ask(
                .get, "/internal/rooms/\(room)/admission/\(people.member.id)")
            #expect(admission.json["ban"]["until"].string == until.description)
            rooms.clock.advance(by: .seconds(60))
            #expect(try await rooms.call(.post, "/rooms/\(room)/join", as: people.member).status == 200)
            #expect(try await rooms.call(.get, "/rooms/\(room)/bans", as: people.owner).json.items.count == 1)
        }
    }

    @Test func whatLiesInThePastOrKnowsNobodyIsRefused() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            func ban(_ body: [String: JSONValue]) async throws -> Answer {
                try await rooms.call(.post, "/rooms/\(room)/bans", as: people.owner, body: body)
            }
            let user = JSONValue.string(people.member.id.description)
            #expect(try await ban(["userId": user, "until": "2020-01-01T00:00:00Z"]).status == 400)
            #expect(try await ban(["userId": user, "reason": ""]).status == 400)
            #expect(try await ban(["userId": "nobody"]).status == 400)
            #expect(try await ban(["userId": .string(UserID.new().description)]).code == "user_not_found")
            let mute = try await rooms.call(
                .patch, "/rooms/\(room)/members/\(people.member.id)", as: people.owner,
                body: ["mutedUntil": "2020-01-01T00:00:00Z"])
            #expect(mute.status == 400)
        }
    }

    @Test func ownershipIsHandedOver() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            let handed = try await rooms.call(
                .patch, "/rooms/\(room)/members/\(people.member.id)", as: people.owner, body: ["role": "owner"])
            #expect(handed.json["role"] == "owner")
            let seen = try await rooms.call(.get, "/rooms/\(room)", as: people.owner)
            #expect(seen.json["myRole"] == "moderator")
            #expect(seen.json["hostId"].string == people.member.id.description)
            #expect(seen.json["version"] == 2)
            let facts = try await FactTable.read(
                of: rooms.id(of: room), after: 0, limit: 100, in: rooms.app.store.pool)
            #expect(facts.suffix(2).allSatisfy { $0.body.type == .memberUpdated })
        }
    }

    @Test func aMuteOutlivesTheMembership() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            let path = "/rooms/\(room)/members/\(people.member.id)"
            func mute(_ body: [String: JSONValue]) async throws {
                try await rooms.call(.patch, path, as: people.moderator, body: body)
            }
            func rejoin() async throws -> JSONValue {
                try await rooms.call(.post, "/rooms/\(room)/join", as: people.member).json["member"]
            }
            try await mute(["isMuted": true])
            try await rooms.call(.post, "/rooms/\(room)/leave", as: people.member)
            let returned = try await rejoin()
            #expect(returned["isMuted"] == true && returned["mutedUntil"] == .null)
            let facts = try await FactTable.read(
                of: rooms.id(of: room), after: 0, limit: 100, in: rooms.app.store.pool)
            guard case .memberJoined(let member) = facts.last?.body else { return #expect(Bool(false)) }
            #expect(member.isMuted)

            let until = rooms.clock.now + .seconds(60)
            try await mute(["mutedUntil": .string(until.description)])
            try await rooms.call(.delete, path, as: people.moderator)
            #expect(try await rejoin()["mutedUntil"].string == until.description)
            try await rooms.call(.post, "/rooms/\(room)/leave", as: people.member)
            rooms.clock.advance(by: .seconds(60))
            #expect(try await rejoin()["isMuted"] == false, "it ends at its moment, there or not")

            // A moderator who lets somebody in lets them speak, and so does one who lifts a ban.
            try await mute(["isMuted": true])
            try await rooms.call(.delete, path, as: people.moderator)
            let added = try await rooms.call(
                .post, "/rooms/\(room)/members", as: people.moderator,
                body: ["userId": .string(people.member.id.description)])
            #expect(added.json["isMuted"] == false)
            try await mute(["isMuted": true])
            try await rooms.call(.post, "/rooms/\(room)/leave", as: people.member)
            let user = JSONValue.string(people.member.id.description)
            try await rooms.call(.post, "/rooms/\(room)/bans", as: people.moderator, body: ["userId": user])
            try await rooms.call(.delete, "/rooms/\(room)/bans/\(people.member.id)", as: people.moderator)
            #expect(try await rejoin()["isMuted"] == false)
        }
    }

    /// Nobody could unmute them.
    @Test func anOwnerIsNotMuted() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let (first, second) = (try await people.room(rooms), try await people.room(rooms))
            func change(_ room: String, _ body: [String: JSONValue]) async throws -> Answer {
                try await rooms.call(
                    .patch, "/rooms/\(room)/members/\(people.member.id)", as: people.owner, body: body)
            }
            #expect(try await change(first, ["isMuted": true]).json["isMuted"] == true)
            let both = try await change(first, ["role": "owner", "isMuted": true])
            #expect(both.status == 400 && both.json["errors"][0]["field"] == "isMuted")
            let handed = try await change(first, ["role": "owner"])
            #expect(handed.json["isMuted"] == false)
            let acts = try await rooms.call(.get, "/rooms/\(first)/audit", as: people.member).json.items.prefix(2)
            #expect(acts.map { $0["action"].string } == ["member_unmuted", "ownership_transferred"])
            let members = try await rooms.call(.get, "/rooms/\(first)/members", as: people.member)
            #expect(members.json.items.first { $0["role"] == "owner" }?["isMuted"] == false)
            // Also who inherits it.
            _ = try await change(second, ["role": "moderator", "mutedUntil": "2999-01-01T00:00:00.000Z"])
            try await rooms.call(.delete, "/rooms/\(second)/members/\(people.moderator.id)", as: people.owner)
            try await rooms.call(.post, "/rooms/\(second)/leave", as: people.owner)
            let heir = try await rooms.call(.get, "/rooms/\(second)/members", as: people.member).json.items.first {
                $0["role"] == "owner"
            }
            #expect(heir?["userId"].string == people.member.id.description)
            #expect(heir?["isMuted"] == false && heir?["mutedUntil"] == .null)
        }
    }

    @Test func accountsAreBannedByWhoMay() async throws {
        try await TestRooms.run { rooms in
            let user = try await rooms.user("user")
            let admin = try await rooms.user("admin", role: "admin")
            let other = try await rooms.user("other", role: "admin")
            let root = try await rooms.user("root", role: "super_admin")
            func ban(_ id: String, by actor: TestUser, reason: JSONValue = "spam") async throws -> Answer {
                try await rooms.call(.post, "/admin/users/\(id)/ban", as: actor, body: ["reason": reason])
            }
            #expect(try await ban("nonsense", by: user).code == "forbidden")
            #expect(try await ban("nonsense", by: admin).code == "user_not_found")
            #expect(try await ban(UserID.new().description, by: admin).code == "user_not_found")
            #expect(try await ban(other.id.description, by: admin).code == "forbidden")
            #expect(try await ban(other.id.description, by: other).code == "forbidden")
            #expect(try await ban(user.id.description, by: admin, reason: "").status == 400)
            #expect(try await ban(other.id.description, by: root).status == 201)
            #expect(try await ban(user.id.description, by: admin).status == 201)
            let refused = try await rooms.call(.get, "/users/me", as: user)
            #expect(refused.code == "account_banned")
            #expect(try await rooms.ask(.get, "/internal/account-bans").json.items.count == 2)
            #expect(try await rooms.ask(.get, "/internal/users/\(user.id)/ban").json["banned"] == true)
            #expect(try await rooms.call(.delete, "/admin/users/\(user.id)/ban", as: admin).status == 204)
            #expect(try await rooms.call(.get, "/users/me", as: user).status == 200)
            #expect(try await rooms.call(.delete, "/admin/users/\(user.id)/ban", as: admin).status == 404)
        }
    }

    @Test func aBannedAccountIsShutOutUntilItsMoment() async throws {
        try await TestRooms.run { rooms in
            let (user, admin) = (try await rooms.user("user"), try await rooms.user("admin", role: "admin"))
            let room = try await rooms.room(user)
            let until = rooms.clock.now + .seconds(60)
            func ban(_ until: String) async throws -> Answer {
                try await rooms.call(
                    .post, "/admin/users/\(user.id)/ban", as: admin, body: ["reason": "spam", "until": .string(until)])
            }
            #expect(try await ban("2020-01-01T00:00:00Z").code == "invalid_input")
            let made = try await ban(until.description)
            #expect(made.status == 201)
            #expect(made.json["until"].string == until.description)
            #expect(try await ban(until.description).status == 200, "changed, not made")
            let calls: [(HTTPRequest.Method, String)] = [
                (.get, "/rooms/\(room)"), (.post, "/rooms"), (.get, "/invitations"),
            ]
            for (method, path) in calls {
                let refused = try await rooms.call(method, path, as: user)
                #expect(refused.code == "account_banned")
                #expect(refused.status == 403)
            }
            rooms.clock.advance(by: .seconds(60))
            let me = try await rooms.call(.get, "/users/me", as: user)
            #expect(me.status == 200)
            #expect(me.json["bannedAt"] == .null)
        }
    }

    @Test func reportsReachTheAdministrators() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            let admin = try await rooms.user("admin", role: "admin")
            let made = try await rooms.call(
                .post, "/rooms/\(room)/reports", as: people.member,
                body: ["userId": .string(people.owner.id.description), "reason": "rude"])
            #expect(made.status == 201)
            #expect(try await rooms.call(.get, "/admin/reports", as: people.owner).status == 403)
            let list = try await rooms.call(.get, "/admin/reports", as: admin)
            #expect(list.json.items.map { $0["reason"].string } == ["rude"])
            let unknown = try await rooms.call(
                .post, "/rooms/\(room)/reports", as: people.member,
                body: ["userId": .string(UserID.new().description), "reason": "rude"])
            #expect(unknown.code == "user_not_found")
        }
    }
}
