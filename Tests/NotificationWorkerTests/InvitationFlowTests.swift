import EventBus
import Events
import Foundation
import Identifiers
import Postgres
import TestSupport
import Testing

@testable import NotificationWorker

@Suite struct InvitationFlowTests {
    @Test func whatWasAnnouncedBeforeTheWorkerEverRanIsHandled() async throws {
        try await Worker.run(isProcess: true) { worker in
            // Like signaling's queue: the broker gives nothing back that one queue takes.
            try await worker.withListener(to: "invitation.#") {
                let invited = Invited("bob@example.org")
                worker.rooms.set(invited.mail)
                try await worker.publish(invited.event(), as: EventTopology.publishing(to: .notifications))
                let process = try worker.launch()
                try await worker.waitFor(.sent, of: invited.id)
                try await process.end(with: SIGTERM)
            }
        }
    }

    @Test func anInvitationBecomesAMailAndANotification() async throws {
        try await Worker.run { worker in
            let invited = try await worker.invite(Invited("Bob@Example.org", inviter: "Zoë"))
            let told = try await worker.waitFor(.sent, of: invited.id)
            #expect(told.map(\.delivery) == [.sending, .sent])

            let mails = try worker.mails
            #expect(mails.keys.sorted() == ["invitation-\(invited.id).0.eml"])
            // Whoever reads it may come in.
            let file = worker.mailDirectory.appending(path: "invitation-\(invited.id).0.eml").path
            let permissions = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(permissions == 0o600)
            let mail = try await MailServer.parse(try #require(mails.values.first))
            #expect(mail.toAddress == "Bob@Example.org")
            #expect(mail.fromName == "Parlor")
            #expect(mail.subject == "Zoë invites you to Friday")
            #expect(mail.messageID == "<invitation-\(invited.id).0@parlor.test>")
            let link = "https://parlor.test/#token=\(invited.mail.token)"
            #expect(mail.text?.contains(link) == true)
            #expect(mail.html?.contains("href=\"\(link)\"") == true)
            #expect(mail.unsubscribe == "<https://parlor.test/#settings>")
            #expect(mail.defects.isEmpty)

            let list = try await worker.call("/notifications", as: "bob@example.org")
            #expect(list.status == 200)
            #expect(list["unreadCount"] == .integer(1))
            #expect(list["nextCursor"] == .null)
            let item = try #require(list["items"]?.items.first)
            #expect(item["kind"]?.text == "invitation")
            #expect(item["email"]?.text == "bob@example.org")
            #expect(item["userId"] == .null)
            #expect(item["status"]?.text == "sent")
            #expect(item["attempts"] == .integer(1))
            #expect(item["readAt"] == .null)
            #expect(item["lastError"] == .null)
            #expect(item["title"]?.text == "Invitation to Friday")
            #expect(item["payload"]?["invitationId"]?.text == invited.id.description)
            #expect(item["payload"]?["roomId"]?.text == invited.room.code.description)

            let pushed = try #require(worker.events.notifications.first)
            #expect(pushed.id.description == item["id"]?.text)
            #expect(pushed.email == "bob@example.org")
            #expect(worker.events.all.allSatisfy { $0.requestId == "request-1" })
        }
    }

    @Test func aRedeliveredEventIsOneRowAndOneMail() async throws {
        try await Worker.run { worker in
            let invited = Invited("bob@example.org")
            worker.rooms.set(invited.mail)
            let event = invited.event()
            for _ in 1...5 { try await worker.publish(event) }
            // The same invitation announced by another event is no other invitation.
            try await worker.publish(invited.event())
            let last = try await worker.invite(Invited("last@example.org"))
            try await worker.waitFor(.sent, of: invited.id)
            try await worker.waitFor(.sent, of: last.id)
            #expect(worker.events.deliveries(of: invited.id).map(\.delivery) == [.sending, .sent])
            #expect(try await worker.pool.query("SELECT 1 FROM notifications").count == 2)
            #expect(worker.events.notifications.count == 2)
            #expect(try worker.mails.count == 2)
        }
    }

    @Test func aRepeatIsAnotherMailOfTheSameRow() async throws {
        try await Worker.run { worker in
            let invited = try await worker.invite(Invited("bob@example.org"))
            try await worker.waitFor(.sent, of: invited.id)
            try await worker.invite(invited.repeated())
            try await eventually("the repeat is sent") { worker.events.deliveries(of: invited.id).count == 4 }
            #expect(
                try worker.mails.keys.sorted() == [
                    "invitation-\(invited.id).0.eml", "invitation-\(invited.id).1.eml",
                ])
            #expect(try await worker.pool.query("SELECT 1 FROM notifications").count == 1)
            #expect(worker.events.notifications.count == 1)
        }
    }

    @Test(arguments: [InvitationStatus.withdrawn, .expired, .accepted, .declined])
    func whatIsNotPendingAnyMoreIsNotMailed(status: InvitationStatus) async throws {
        try await Worker.run { worker in
            var invited = Invited("bob@example.org")
            invited.mail.status = status
            try await worker.invite(invited)
            let told = try await worker.waitFor(.failed, of: invited.id)
            #expect(told.last?.reason == status.rawValue)
            #expect(try worker.mails.isEmpty)
        }
    }

    @Test func anInvitationThatIsGoneIsNotMailed() async throws {
        try await Worker.run { worker in
            let invited = Invited("bob@example.org")
            try await worker.publish(invited.event())
            try await worker.waitFor(.failed, of: invited.id)
            #expect(try worker.mails.isEmpty)
        }
    }

    @Test func aRoomServiceThatIsAwayOnlyDelays() async throws {
        try await Worker.run { worker in
            worker.rooms.isAway = true
            let invited = try await worker.invite(Invited("bob@example.org"))
            try await worker.waitFor(.queued, of: invited.id)
            worker.rooms.isAway = false
            let told = try await worker.waitFor(.sent, of: invited.id)
            #expect(told.map(\.delivery).suffix(2) == [.sending, .sent])
            #expect(try worker.mails.count == 1)
        }
    }

    @Test func anAnsweredInvitationCountsAsRead() async throws {
        try await Worker.run { worker in
            let invited = try await worker.invite(Invited("bob@example.org"))
            try await worker.waitFor(.sent, of: invited.id)
            try await worker.publish(Event(body: .invitationAccepted(invited.fields), room: invited.room))
            try await eventually("it is read") {
                try await worker.call("/notifications?unread=true", as: "bob@example.org")["unreadCount"] == .integer(0)
            }
            #expect(try await worker.call("/notifications", as: "bob@example.org")["items"]?.items.count == 1)
        }
    }
}
