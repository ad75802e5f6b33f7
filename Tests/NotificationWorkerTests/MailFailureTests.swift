import Events
import Foundation
import Identifiers
import TestSupport
import Testing

@testable import NotificationWorker

/// Against a real SMTP server that refuses, stalls, hangs up and is killed.
@Suite struct MailFailureTests {
    static func settings(_ server: MailServer, _ extra: [String: String] = [:]) -> [String: String] {
        ["SMTP_URL": "smtp://127.0.0.1:\(server.port)", "SMTP_CONNECTIONS": "2"].merging(extra) { $1 }
    }

    @Test func aRefusalForGoodFailsWithTheServersWords() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server)) { worker in
            let refused = try await worker.invite(Invited("refuse.550@example.org"))
            let rejected = try await worker.invite(Invited("answer.554@example.org"))
            let fine = try await worker.invite(Invited("bob@example.org"))
            #expect(try await worker.waitFor(.failed, of: refused.id).last?.reason == "550 5.1.1 refused as asked")
            #expect(try await worker.waitFor(.failed, of: rejected.id).last?.reason == "554 5.6.0 answered as asked")
            try await worker.waitFor(.sent, of: fine.id)
            #expect(try server.mails.map(\.envelopeTo) == ["bob@example.org"])
            let item = try await worker.call("/notifications", as: "refuse.550@example.org")["items"]?.items.first
            #expect(item?["status"]?.text == "failed")
            #expect(item?["lastError"]?.text == "550 5.1.1 refused as asked")
        }
    }

    @Test func aRefusalForNowIsTriedAgain() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server)) { worker in
            let invited = try await worker.invite(Invited("greylist.1@example.org"))
            let told = try await worker.waitFor(.sent, of: invited.id)
            #expect(told.map(\.delivery) == [.sending, .queued, .sending, .sent])
            #expect(told[1].reason == "451 4.7.1 come back later")
            #expect(told.last?.reason == nil)
            #expect(try server.mails.count == 1)
        }
    }

    @Test func aServerThatIsAwayOnlyDelays() async throws {
        let server = try await MailServer()
        try await server.kill()
        try await Worker.run(Self.settings(server)) { worker in
            let invited = try await worker.invite(Invited("bob@example.org"))
            try await worker.waitFor(.queued, of: invited.id)
            try await server.launch()
            try await worker.waitFor(.sent, of: invited.id)
            #expect(try server.mails.count == 1)
        }
    }

    @Test func aConnectionLostAfterTheDotIsUncertainAndNotSentAgain() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server)) { worker in
            let dropped = try await worker.invite(Invited("drop.data@example.org"))
            try await worker.waitFor(.uncertain, of: dropped.id)
            let stalled = try await worker.invite(Invited("stall.data@example.org"))
            try await eventually("the server has both") { try server.mails.count == 2 }
            try await server.kill()
            try await worker.waitFor(.uncertain, of: stalled.id)
            try await server.launch()
            // Whatever would be sent again would be due within a second: another mail shows that time has passed.
            let next = try await worker.invite(Invited("greylist.1@example.org"))
            try await worker.waitFor(.sent, of: next.id)
            #expect(try server.mails.count == 3)
        }
    }

    @Test func aConnectionLostBeforeTheDotIsSentAgain() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server)) { worker in
            let dropped = try await worker.invite(Invited("drop.rcpt@example.org"))
            let told = try await worker.waitFor(.queued, of: dropped.id)
            #expect(told.map(\.delivery).prefix(2) == [.sending, .queued])
            #expect(try server.mails.isEmpty)
        }
    }

    @Test func aStallingMailHoldsUpNoOther() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server, ["SMTP_DEADLINE_SECONDS": "20"])) { worker in
            try await worker.invite(Invited("stall.rcpt@example.org"))
            for number in 1...5 {
                let fine = try await worker.invite(Invited("a\(number)@example.org"))
                try await worker.waitFor(.sent, of: fine.id)
            }
        }
    }

    @Test func aServerKilledInMidMailGetsItAgain() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server)) { worker in
            let invited = try await worker.invite(Invited("stall.rcpt@example.org"))
            try await worker.waitFor(.sending, of: invited.id)
            try await server.kill()
            try await worker.waitFor(.queued, of: invited.id)
            // By now the address has become an ordinary one.
            worker.rooms.change(invited.id) { $0.email = "bob@example.org" }
            try await server.launch()
            try await worker.waitFor(.sent, of: invited.id)
            #expect(try server.mails.map(\.envelopeTo) == ["bob@example.org"])
        }
    }

    @Test func theInviterIsToldWhatDidNotArriveAndWhy() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server)) { worker in
            let ada = "ada@example.org", inviter = try await Worker.userID(ada)
            let refused = try await worker.invite(Invited("refuse.550@example.org", invitedBy: inviter))
            try await worker.waitFor(.failed, of: refused.id)
            let dropped = try await worker.invite(Invited("drop.data@example.org", invitedBy: inviter))
            try await worker.waitFor(.uncertain, of: dropped.id)
            var withdrawn = Invited("bob@example.org", invitedBy: inviter)
            withdrawn.mail.status = .withdrawn
            try await worker.invite(withdrawn)
            try await worker.waitFor(.failed, of: withdrawn.id)

            let items = try await worker.call("/notifications", as: ada)["items"]?.items ?? []
            #expect(items.map { $0["kind"]?.text } == ["invitation_failed", "invitation_failed"])
            #expect(items.compactMap { $0["payload"]?["delivery"]?.text } == ["uncertain", "failed"])
            let told = try #require(items.last)
            #expect(told["title"]?.text == "Your invitation to refuse.550@example.org could not be delivered")
            #expect(told["payload"]?["reason"]?.text == "550 5.1.1 refused as asked")
            #expect(told["payload"]?["invitationId"]?.text == refused.id.description)
            #expect(told["userId"]?.text == inviter.description && told["email"] == .null)
            try await eventually("her devices are told") {
                worker.events.notifications.count { $0.userId == inviter } == 2
            }
        }
    }

    /// Two instances with different clocks, or two steps within a millisecond: the number tells which came last.
    @Test func whatIsToldOfAMailIsNumbered() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server)) { worker in
            let invited = try await worker.invite(Invited("greylist.1@example.org"))
            try await worker.waitFor(.sent, of: invited.id)
            try await worker.invite(invited.repeated())
            try await eventually("the repeat is sent") { worker.events.deliveries(of: invited.id).count == 6 }
            #expect(worker.events.deliveries(of: invited.id).map(\.deliveryNumber) == [1, 2, 3, 4, 5, 6])
            // A mail that is not sent has one report, number 1.
            _ = try await worker.call(
                "/notifications/preferences", "PUT", as: "eve@example.org", body: #"{"email":false}"#)
            let unsent = try await worker.invite(Invited("eve@example.org"))
            try await worker.waitFor(.sent, of: unsent.id)
            #expect(worker.events.deliveries(of: unsent.id).map(\.deliveryNumber) == [1])
        }
    }
}
