import Events
import Identifiers
import TestSupport
import Testing

@testable import NotificationWorker

@Suite struct InboxTests {
    @Test func aListHasPagesNewestFirst() async throws {
        try await Worker.run { worker in
            var ids: [InvitationID] = []
            for _ in 1...5 {
                let invited = try await worker.invite(Invited("bob@example.org"))
                try await worker.waitFor(.sent, of: invited.id)
                ids.append(invited.id)
            }
            var seen: [String] = []
            var cursor: String?
            repeat {
                let page = try await worker.call(
                    "/notifications?limit=2" + (cursor.map { "&cursor=\($0)" } ?? ""), as: "bob@example.org")
                #expect(page["unreadCount"] == .integer(5))
                seen += page["items"]?.items.compactMap { $0["payload"]?["invitationId"]?.text } ?? []
                cursor = page["nextCursor"]?.text
            } while cursor != nil
            #expect(seen == ids.reversed().map(\.description))
        }
    }

    @Test func badParametersAre400() async throws {
        let queries = [
            "unread=maybe", "limit=0", "limit=201", "limit=x", "cursor=nonsense", "cursor=", "cursor=eyJ4IjoxfQ",
        ]
        try await Worker.run { worker in
            for query in queries {
                let answer = try await worker.call("/notifications?" + query, as: "bob@example.org")
                #expect(answer.status == 400, "\(query)")
            }
        }
    }

    @Test func readingIsForOnesOwnOnly() async throws {
        try await Worker.run { worker in
            let invited = try await worker.invite(Invited("bob@example.org"))
            try await worker.waitFor(.sent, of: invited.id)
            let list = try await worker.call("/notifications", as: "BOB@example.org")
            let id = try #require(list["items"]?.items.first?["id"]?.text)
            #expect(try await worker.call("/notifications", as: "eve@example.org")["items"]?.items.isEmpty == true)
            let foreign = try await worker.call("/notifications/\(id)/read", "POST", as: "eve@example.org")
            #expect(foreign.status == 404)
            #expect(foreign["code"]?.text == "notification_not_found")
            #expect(try await worker.call("/notifications/nonsense/read", "POST", as: "bob@example.org").status == 404)
            #expect(try await worker.call("/notifications/\(id)/read", "POST").status == 401)
            #expect(try await worker.call("/notifications", as: "bob@example.org")["unreadCount"] == .integer(1))

            let read = try await worker.call("/notifications/\(id)/read", "POST", as: "bob@example.org")
            #expect(read.status == 200)
            #expect(read["readAt"]?.text != nil)
            let again = try await worker.call("/notifications/\(id)/read", "POST", as: "bob@example.org")
            #expect(again["readAt"] == read["readAt"])
            let unread = try await worker.call("/notifications?unread=true", as: "bob@example.org")
            #expect(unread["items"]?.items.isEmpty == true)
            #expect(unread["unreadCount"] == .integer(0))
        }
    }

    @Test func readAllReadsAllOfOnesOwn() async throws {
        try await Worker.run { worker in
            let user = try await Worker.userID("bob@example.org")
            let one = try await worker.invite(Invited("bob@example.org"), to: user)
            let two = try await worker.invite(Invited("bob@example.org"))
            let other = try await worker.invite(Invited("eve@example.org"))
            for invited in [one, two, other] { try await worker.waitFor(.sent, of: invited.id) }
            let answer = try await worker.call("/notifications/read-all", "POST", as: "bob@example.org")
            #expect(answer.status == 200)
            #expect(answer["unreadCount"] == .integer(0))
            #expect(answer["items"]?.items.count == 2)
            #expect(try await worker.call("/notifications", as: "eve@example.org")["unreadCount"] == .integer(1))
        }
    }

    @Test func statusSocketsAreTold() async throws {
        try await Worker.run { worker in
            let user = try await Worker.userID("bob@example.org")
            let invited = try await worker.invite(Invited("bob@example.org"))
            try await worker.waitFor(.sent, of: invited.id)
            let byMail = try await worker.call(
                "/internal/users/\(user)/notifications/unread?email=Bob@example.org&limit=50")
            #expect(byMail["items"]?.items.count == 1)
            #expect(
                try await worker.call("/internal/users/\(user)/notifications/unread")["items"]?.items.isEmpty == true)
        }
    }

    @Test func preferencesStartOpenAndKeepWhatIsLeftOut() async throws {
        try await Worker.run { worker in
            let room = RoomRef(id: .new(), code: .random())
            let other = RoomRef(id: .new(), code: .random())
            worker.rooms.add(room)
            worker.rooms.add(other)
            let bob = "bob@example.org"
            func put(_ body: String) async throws -> Worker.Answer {
                try await worker.call("/notifications/preferences", "PUT", as: bob, body: body)
            }
            let first = try await worker.call("/notifications/preferences", as: bob)
            #expect(first.json == .object(["email": .bool(true), "inApp": .bool(true), "mutedRooms": .array([])]))
            let muted = try await put(#"{"mutedRooms":["\#(room.id)","\#(other.code)","\#(room.code)"]}"#)
            #expect(muted.status == 200)
            let codes = JSONValue.array([.string(room.code.description), .string(other.code.description)])
            #expect(muted["mutedRooms"] == codes)
            let quiet = try await put(#"{"email":false,"unknown":1,"inApp":null}"#)
            #expect(quiet.json == .object(["email": .bool(false), "inApp": .bool(true), "mutedRooms": codes]))
            #expect(try await worker.call("/notifications/preferences", as: bob).json == quiet.json)
            #expect(try await worker.call("/notifications/preferences", as: "eve@example.org").json == first.json)

            #expect(try await put(#"{"email":"no"}"#).status == 400)
            #expect(try await put(#"{"mutedRooms":["nonsense"]}"#).status == 400)
            #expect(try await put(#"{"mutedRooms":"x"}"#).status == 400)
            let unknown = try await put(#"{"mutedRooms":["\#(RoomCode.random())"]}"#)
            #expect(unknown.status == 404)
            #expect(unknown["code"]?.text == "room_not_found")
            #expect(try await put("[]")["code"]?.text == "invalid_json")
            #expect(try await put("{}").json == quiet.json)
            #expect(try await put(#"{"mutedRooms":[]}"#)["mutedRooms"] == .array([]))
        }
    }

    @Test func wishesAreHeeded() async throws {
        try await Worker.run { worker in
            let bob = "bob@example.org"
            _ = try await worker.call("/notifications/preferences", "PUT", as: bob, body: #"{"email":false}"#)
            let appOnly = try await worker.invite(Invited("Bob@example.org"))
            #expect(try await worker.waitFor(.sent, of: appOnly.id).map(\.delivery) == [.sent])
            #expect(try await worker.call("/notifications", as: bob)["unreadCount"] == .integer(1))

            _ = try await worker.call(
                "/notifications/preferences", "PUT", as: bob, body: #"{"email":true,"inApp":false}"#)
            let mailOnly = try await worker.invite(Invited("bob@example.org"))
            try await worker.waitFor(.sent, of: mailOnly.id)
            #expect(try worker.mails.count == 1)

            let muted = Invited("bob@example.org")
            worker.rooms.add(muted.room)
            _ = try await worker.call(
                "/notifications/preferences", "PUT", as: bob,
                body: #"{"inApp":true,"mutedRooms":["\#(muted.room.code)"]}"#)
            try await worker.invite(muted)
            try await worker.waitFor(.failed, of: muted.id)
            #expect(try worker.mails.count == 1)
            #expect(try await worker.call("/notifications", as: bob)["unreadCount"] == .integer(1))
            #expect(worker.events.notifications.count == 1)
        }
    }
}
