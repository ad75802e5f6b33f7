import Events
import HTTPTypes
import Identifiers
import Postgres
import Testing

@testable import RoomService

@Suite struct InvitationFlowTests {
    private func mail(_ id: String, _ rooms: TestRooms) async throws -> Answer {
        try await rooms.ask(.get, "/internal/invitations/\(id)/mail")
    }

    @Test func aPrivateRoomIsOpenedByItsInvitation() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let guest = try await rooms.user("guest")
            let room = try await rooms.room(owner, ["type": "private", "name": "Secret"])
            let made = try await rooms.call(
                .post, "/rooms/\(room)/invite", as: owner, body: ["email": .string(guest.email.uppercased())])
            #expect(made.status == 201)
            #expect(made.json["status"] == "pending")
            #expect(made.json["roomName"] == "Secret")
            let id = try #require(made.json["invitationId"].string)

            let mine = try await rooms.call(.get, "/invitations", as: guest)
            #expect(mine.json.items.map { $0["invitationId"].string } == [id])
            #expect(try await rooms.call(.get, "/rooms/\(room)", as: guest).status == 403)

            let joined = try await rooms.call(.post, "/rooms/\(room)/join", as: guest)
            #expect(joined.status == 200)
            #expect(joined.json["member"]["role"] == "member")
            let list = try await rooms.call(.get, "/rooms/\(room)/invitations", as: owner)
            #expect(list.json.items.map { $0["status"].string } == ["accepted"])
            #expect(try await rooms.call(.get, "/invitations", as: guest).json.items.isEmpty)
            // The same invitation does not open the room twice.
            try await rooms.call(.post, "/rooms/\(room)/leave", as: guest)
            #expect(try await rooms.call(.post, "/rooms/\(room)/join", as: guest).code == "invitation_required")
            #expect(try await rooms.call(.post, "/invitations/\(id)/accept", as: guest).status == 409)
        }
    }

    @Test func theTokenIsToldToTheMailOnlyAndUsedOnce() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let room = try await rooms.room(owner, ["type": "private"])
            let made = try await rooms.call(
                .post, "/rooms/\(room)/invite", as: owner, body: ["email": "nobody-yet@example.test"])
            let id = try #require(made.json["invitationId"].string)
            #expect(!made.json.fields.contains("token"))
            #expect(try await rooms.call(.get, "/internal/invitations/\(id)/mail", as: owner).status == 401)
            let told = try await mail(id, rooms)
            let token = try #require(told.json["token"].string)
            #expect(told.json["inviterName"] == "owner")
            let body = try await rooms.sql(
                "SELECT convert_from(body, 'UTF8') FROM outbox WHERE type = 'invitation_created'")
            #expect(try body.allSatisfy { try !$0.get(0, as: String.self).contains(token) })
            let stored = try await rooms.sql("SELECT i::text FROM invitations i")
            #expect(try stored.allSatisfy { try !$0.get(0, as: String.self).contains(token) })

            let (first, second) = (try await rooms.user("first"), try await rooms.user("second"))
            let wrong = try await rooms.call(.post, "/invitations/accept", as: first, body: ["token": "wrong"])
            #expect(wrong.code == "invitation_not_found")
            let used = try await rooms.call(.post, "/invitations/accept", as: first, body: ["token": .string(token)])
            #expect(used.status == 200)
            #expect(used.json["room"]["roomId"].string == room)
            let again = try await rooms.call(.post, "/invitations/accept", as: first, body: ["token": .string(token)])
            #expect(again.status == 200)
            let late = try await rooms.call(.post, "/invitations/accept", as: second, body: ["token": .string(token)])
            #expect(late.status == 409)
        }
    }

    @Test func aPendingInvitationIsReturnedAndMailedAgainAfterTenMinutes() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let room = try await rooms.room(owner, ["kind": "chat", "name": "Chat"])
            func invite() async throws -> Answer {
                try await rooms.call(.post, "/rooms/\(room)/invite", as: owner, body: ["email": "x@example.test"])
            }
            let first = try await invite()
            let id = try #require(first.json["invitationId"].string)
            let second = try await invite()
            #expect(second.status == 200)
            #expect(second.json["invitationId"].string == id)
            #expect(try await mail(id, rooms).json["repeatNumber"] == 0)
            rooms.clock.advance(by: .seconds(601))
            #expect(try await invite().status == 200)
            #expect(try await mail(id, rooms).json["repeatNumber"] == 1)
            rooms.clock.advance(by: .seconds(7 * 86_400))
            let third = try await invite()
            #expect(third.status == 201)
            #expect(third.json["invitationId"].string != id)
            #expect(try await mail(id, rooms).json["status"] == "expired")
        }
    }

    @Test func answersMeetWhatHappenedBefore() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            let guest = try await rooms.user("guest")
            func invite() async throws -> String {
                let made = try await rooms.call(
                    .post, "/rooms/\(room)/invite", as: people.member, body: ["email": .string(guest.email)])
                return made.json["invitationId"].string ?? ""
            }
            let declined = try await invite()
            #expect(try await rooms.call(.post, "/invitations/\(declined)/accept", as: people.other).status == 404)
            #expect(try await rooms.call(.post, "/invitations/\(declined)/decline", as: people.owner).status == 404)
            let answer = try await rooms.call(.post, "/invitations/\(declined)/decline", as: guest)
            #expect(answer.json["status"] == "declined")
            #expect(try await rooms.call(.post, "/invitations/\(declined)/decline", as: guest).status == 200)
            #expect(try await rooms.call(.post, "/invitations/\(declined)/accept", as: guest).status == 409)
            #expect(try await rooms.call(.delete, "/invitations/\(declined)", as: people.member).status == 409)

            let withdrawn = try await invite()
            #expect(try await rooms.call(.delete, "/invitations/\(withdrawn)", as: people.other).status == 404)
            #expect(try await rooms.call(.delete, "/invitations/\(withdrawn)", as: guest).status == 403)
            #expect(try await rooms.call(.delete, "/invitations/\(withdrawn)", as: people.moderator).status == 204)
            #expect(
                try await rooms.call(.post, "/invitations/\(withdrawn)/accept", as: guest).code == "invitation_expired")

            let expired = try await invite()
            rooms.clock.advance(by: Invitation.lifetime)
            #expect(
                try await rooms.call(.post, "/invitations/\(expired)/accept", as: guest).code == "invitation_expired")
            #expect(try await rooms.call(.get, "/invitations", as: guest).json.items.isEmpty)

            let left = try await invite()
            try await rooms.call(.delete, "/rooms/\(room)", as: people.owner)
            #expect(try await rooms.call(.post, "/invitations/\(left)/accept", as: guest).code == "room_ended")
        }
    }

    @Test func membersAndStrangeAddressesAreRefused() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            func status(_ email: String) async throws -> Int {
                try await rooms.call(
                    .post, "/rooms/\(room)/invite", as: people.owner, body: ["email": .string(email)]
                ).status
            }
            #expect(try await status(people.member.email.uppercased()) == 409)
            #expect(try await status("not an address") == 400)
            #expect(try await rooms.call(.post, "/rooms/\(room)/invite", as: people.owner).status == 400)
        }
    }

    @Test func mailsAreLimitedReturnedOnesAreNot() async throws {
        try await TestRooms.run(["INVITATIONS_PER_USER_PER_HOUR": "3"]) { rooms in
            let owner = try await rooms.user("owner")
            let room = try await rooms.room(owner)
            func status(_ email: String) async throws -> Answer {
                try await rooms.call(.post, "/rooms/\(room)/invite", as: owner, body: ["email": .string(email)])
            }
            for number in 0..<3 { #expect(try await status("n\(number)@example.test").status == 201) }
            for _ in 0..<5 { #expect(try await status("n1@example.test").status == 200) }
            let refused = try await status("n4@example.test")
            #expect(refused.code == "rate_limited")
            #expect(refused.headers[.retryAfter] != nil)
        }
    }

    /// Whoever may not be mailed costs the inviter nothing, and twins of one mail are one.
    @Test func whatIsNotMailedCountsForNobody() async throws {
        try await TestRooms.run(["INVITATIONS_PER_USER_PER_HOUR": "3", "INVITATIONS_PER_ADDRESS_PER_HOUR": "2"]) {
            rooms in
            let (owner, other, third) = (try await rooms.user(), try await rooms.user(), try await rooms.user())
            let room = try await rooms.room(owner)
            func invite(_ user: TestUser, _ room: String, _ email: String) async throws -> Answer {
                try await rooms.call(.post, "/rooms/\(room)/invite", as: user, body: ["email": .string(email)])
            }
            let twins = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await invite(owner, room, "ann@example.test").status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(twins.sorted() == Array(repeating: 200, count: 7) + [201])
            // One of the address's two mails went out, so there is another; and no third.
            #expect(try await invite(other, try await rooms.room(other), "ANN@example.test").status == 201)
            let refused = try await invite(third, try await rooms.room(third), "ann@example.test")
            #expect(refused.code == "rate_limited")
            for _ in 0..<5 { _ = try await invite(third, try await rooms.room(third), "ann@example.test") }
            for number in 0..<3 {
                #expect(try await invite(third, try await rooms.room(third), "n\(number)@example.test").status == 201)
            }
        }
    }
}
