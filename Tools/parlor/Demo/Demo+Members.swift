import Foundation
import ParlorClient

extension Demo {
    mutating func joinAndLeave() async throws {
        let room = room
        for name in ["Ben", "Dan"] {
            let somebody = try http(name), id = try account(name).userID
            try await narrator.step("\(name) joins by the code") {
                let answer = try await somebody.call("POST", "/rooms/\(room)/join")
                let member = answer.json?["member"]
                try expect(answer.status == 200, "the answer is \(answer.status), expected 200")
                try expect(member?["userId"]?.string == id, "the member is \(member ?? .null)")
                return ((), Told("POST /rooms/\(room)/join", "200, \(member?["role"]?.string ?? "?")"))
            }
        }
        let dan = try http("Dan")
        try await narrator.step("Dan leaves, may read no more, and comes back") {
            try await dan.call("POST", "/rooms/\(room)/leave")
            let refused = try await dan.exchange("GET", "/rooms/\(room)/participants")
            try expect(
                refused.status == 403 && refused.problem?.code == "not_a_member",
                "who left got \(refused.status) \(refused.problem?.code ?? "")")
            try await dan.call("POST", "/rooms/\(room)/join")
            return ((), Told("POST /rooms/\(room)/leave, …/join", "200, 403 not_a_member, 200"))
        }
    }

    mutating func inviteByMail() async throws {
        let room = room, cleo = try account("Cleo"), ada = try http("Ada"), hers = try http("Cleo")
        let invitation = try await narrator.step("Ada invites Cleo by e-mail") {
            let answer = try await ada.call("POST", "/rooms/\(room)/invite", body: ["email": .string(cleo.email)])
            let id = answer.json?["invitationId"]?.string ?? ""
            try expect(answer.status == 201 && !id.isEmpty, "the answer is \(answer.status): \(answer.text)")
            return (id, Told("POST /rooms/\(room)/invite", "201, pending"))
        }
        try await narrator.step("Cleo sees it among her notifications") {
            let item = try await poll("the notification, its mail sent") {
                let list = try await hers.get("/notifications?unread=true")
                return list["items"]?.array?.first {
                    $0["payload"]?["invitationId"]?.string == invitation && $0["status"] == "sent"
                }
            }
            return (
                (), Told("GET /notifications", "\(item["title"]?.string ?? "?"), mail \(item["status"]?.string ?? "?")")
            )
        }
        guard let mailbox else {
            try await accept(invitation, as: "Cleo")
            return
        }
        let token = try await narrator.step("The mail is there") {
            let mail = try await poll("a mail to \(cleo.email) in \(mailbox.folder)") {
                try mailbox.mail(to: cleo.email)
            }
            guard let token = mail.token else { throw Unexpected(description: "\(mail.file) has no #token= link") }
            return (token, Told(mail.file, mail.subject))
        }
        try await narrator.step("Cleo accepts by the link in the mail") {
            let answer = try await hers.call("POST", "/invitations/accept", body: ["token": .string(token)])
            try expect(answer.json?["room"]?["roomId"]?.string == room, "it let her into \(answer.text)")
            return ((), Told("POST /invitations/accept", "200, member"))
        }
    }

    mutating func inviteByID() async throws {
        let room = room, ada = try http("Ada"), eve = try account("Eve"), hers = try http("Eve")
        let invitation = try await narrator.step("Eve is invited and finds it in her list") {
            try await ada.call("POST", "/rooms/\(room)/invite", body: ["email": .string(eve.email)])
            let mine = try await hers.get("/invitations")["items"]?.array ?? []
            guard let item = mine.first(where: { $0["roomId"]?.string == room }) else {
                throw Unexpected(description: "GET /invitations does not show it")
            }
            return (item["invitationId"]?.string ?? "", Told("GET /invitations", item["status"]?.string ?? "?"))
        }
        try await accept(invitation, as: "Eve")
    }

    private mutating func accept(_ invitation: String, as name: String) async throws {
        let somebody = try http(name), room = room
        try await narrator.step("\(name) accepts by its id") {
            let answer = try await somebody.call("POST", "/invitations/\(invitation)/accept")
            try expect(answer.json?["room"]?["roomId"]?.string == room, "it let her into \(answer.text)")
            let members = try await somebody.get("/rooms/\(room)/members")["items"]?.array ?? []
            return ((), Told("POST /invitations/…/accept", "200, \(members.count) members"))
        }
    }

    /// Asks until there is an answer; the deadline is for a system that is busy, not for a quick one.
    func poll<T>(_ what: String, within limit: Duration = .seconds(30), _ ask: () async throws -> T?) async throws -> T
    {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if let answer = try await ask() { return answer }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Unexpected(description: "\(what) did not appear within \(limit)")
    }
}
