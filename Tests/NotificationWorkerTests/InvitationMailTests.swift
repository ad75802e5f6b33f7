import Events
import Identifiers
import SMTP
import TestSupport
import Testing

@testable import NotificationWorker

@Suite struct InvitationMailTests {
    static func message(roomName: String?, inviter: String, token: String = "tok") throws -> MIMEMessage {
        let mailer = InvitationMailer(
            from: Mailbox(name: "Parlor", address: try #require(MailAddress("noreply@parlor.test"))),
            publicURL: "https://parlor.test/")
        var mail = Invited("bob@example.org", roomName: roomName, inviter: inviter).mail
        mail.token = token
        return mailer.message(
            mail, to: try #require(MailAddress("bob@example.org")), queuedAt: Timestamp(millisecondsSinceEpoch: 0))
    }

    @Test func whatPeopleTypedIsTextNeverMarkup() throws {
        let evil = #"<img src=x onerror="alert(1)">&'"#
        let html = try #require(try Self.message(roomName: evil, inviter: evil).html)
        #expect(!html.contains("<img"))
        #expect(html.contains("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;"))
    }

    @Test(arguments: ["https://evil.example", "see www.evil.example", "\u{202E}", "   ", "\u{0}\u{1}"])
    func namesThatMisleadAreNotRepeated(name: String) throws {
        let message = try Self.message(roomName: name, inviter: name)
        #expect(message.subject == "Somebody invites you to a room on Parlor")
        #expect(!message.text.contains("evil"))
    }

    @Test func longAndForeignNames() async throws {
        let message = try Self.message(roomName: String(repeating: "長い", count: 100), inviter: "Ada\nBcc: x@y")
        #expect(message.subject == "Ada Bcc: x@y invites you to " + String(repeating: "長い", count: 50))
        let parsed = try await MailServer.parse(message.encoded())
        #expect(parsed.subject == message.subject)
        #expect(!parsed.headers.contains("Bcc"))
        #expect(parsed.defects.isEmpty)
    }

    @Test func theTokenStandsBehindTheHashAndNowhereElse() throws {
        let message = try Self.message(roomName: "R", inviter: "A", token: "a/b+c=&d")
        #expect(message.text.contains("https://parlor.test/#token=a%2Fb%2Bc%3D%26d\n"))
        #expect(!message.subject.contains("a/b"))
        #expect(!message.messageID.contains("a/b"))
    }

    @Test func theSameInvitationIsTheSameMail() throws {
        let mailer = InvitationMailer(
            from: Mailbox(address: try #require(MailAddress("noreply@parlor.test"))), publicURL: "https://parlor.test")
        let mail = Invited("bob@example.org").mail
        let address = try #require(MailAddress("bob@example.org"))
        let one = mailer.message(mail, to: address, queuedAt: Timestamp(millisecondsSinceEpoch: 5)).encoded()
        #expect(one == mailer.message(mail, to: address, queuedAt: Timestamp(millisecondsSinceEpoch: 5)).encoded())
        var again = mail
        again.repeatNumber = 1
        #expect(
            mailer.messageID(mail.invitationId, repeatNumber: 0)
                != mailer.messageID(again.invitationId, repeatNumber: 1))
    }
}
