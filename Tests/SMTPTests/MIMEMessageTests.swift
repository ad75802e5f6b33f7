import Foundation
import SMTP
import TestSupport
import Testing

@Suite struct MIMEMessageTests {
    static let from = Mailbox(name: "Parlor", address: MailAddress("noreply@parlor.example")!)
    static let to = Mailbox(address: MailAddress("ada@example.org")!)

    static func message(
        from: Mailbox = from, to: Mailbox = to, subject: String = "Hello", text: String = "Hello", html: String? = nil,
        messageID: String = "0199-x.0@parlor.example", unsubscribe: String? = nil
    ) -> MIMEMessage {
        MIMEMessage(
            from: from, to: to, subject: subject, text: text, html: html, messageID: messageID,
            date: Date(timeIntervalSince1970: 1_772_528_707), unsubscribe: unsubscribe)
    }

    @Test func theWholeMessageIsPinned() {
        let message = Self.message(
            subject: "Zoë invites you", text: "Hi=there\n.dot", html: "<p>Hi</p>", unsubscribe: "https://x.example/#p")
        let golden = """
            From: Parlor <noreply@parlor.example>
            To: ada@example.org
            Subject: =?UTF-8?B?Wm/DqyBpbnZpdGVzIHlvdQ==?=
            Date: Tue, 03 Mar 2026 09:05:07 +0000
            Message-ID: <0199-x.0@parlor.example>
            Auto-Submitted: auto-generated
            List-Unsubscribe: <https://x.example/#p>
            MIME-Version: 1.0
            Content-Type: multipart/alternative;
             boundary="=_parlor_0199-x.0"

            --=_parlor_0199-x.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Hi=3Dthere
            =2Edot
            --=_parlor_0199-x.0
            Content-Type: text/html; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            <p>Hi</p>
            --=_parlor_0199-x.0--

            """
        #expect(String(decoding: message.encoded(), as: UTF8.self) == golden.replacing("\n", with: "\r\n"))
        #expect(message.encoded() == message.encoded())
    }

    @Test(arguments: [
        "Plain words", "Zoë lädt dich ein", "アリスさんが「週末の会議室」に招待しています", "دعوة إلى الغرفة", "👩‍👩‍👧‍👦 family 🏳️‍🌈 flags",
        "=?UTF-8?B?SGk=?= looks encoded", "two  blanks", " edges ", "a\"quote\\and <angle> (paren), comma; @at",
        String(repeating: "long ", count: 60) + "end", String(repeating: "x", count: 1500),
        String(repeating: "長い名前", count: 100),
    ])
    func subjectsAndNamesOfAnyLanguageComeBack(text: String) async throws {
        let message = Self.message(
            from: Mailbox(name: text, address: Self.from.address), to: Mailbox(name: text, address: Self.to.address),
            subject: text, text: text, html: "<p>\(text)</p>")
        let parsed = try await MailServer.parse(message.encoded())
        #expect(parsed.subject == text)
        let name = text.trimmingCharacters(in: .whitespaces)
        #expect(parsed.fromName == name)
        #expect(parsed.toName == name)
        #expect(parsed.fromAddress == "noreply@parlor.example")
        #expect(parsed.toAddress == "ada@example.org")
        #expect(parsed.text == text)
        #expect(parsed.html == "<p>\(text)</p>")
        #expect(parsed.defects == [])
        #expect(parsed.longestLine <= 78)
        #expect(parsed.bareNewlines == 0)
    }

    @Test func aCharacterOfManyScalarsComesBack() async throws {
        let giant = "e\u{301}" + String(repeating: "\u{301}", count: 80)
        #expect(try await MailServer.parse(Self.message(subject: giant).encoded()).subject == giant)
    }

    @Test(arguments: ["\r\n", "\n", "\r", "\r\n\r\n", "\u{2028}", "\u{0}", "\u{85}", "\u{B}"])
    func nothingInjectsAHeader(breaker: String) async throws {
        let evil = "x\(breaker)Bcc: victim@example.org\(breaker)\(breaker)body"
        let message = Self.message(
            from: Mailbox(name: evil, address: Self.from.address), to: Mailbox(name: evil, address: Self.to.address),
            subject: evil, text: "text", messageID: evil, unsubscribe: "https://x/\(breaker)Bcc:v@x")
        let parsed = try await MailServer.parse(message.encoded())
        #expect(
            parsed.headers == [
                "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
                "Content-Transfer-Encoding",
            ])
        #expect(parsed.text == "text\n")
        #expect(parsed.bareNewlines == 0)
    }

    @Test func textKeepsItsLines() async throws {
        let text = "one \n\ttabbed\t\n\nFrom here\n.\n..\n" + String(repeating: "é=abcdefgh", count: 300) + "\nend "
        let parsed = try await MailServer.parse(Self.message(text: text).encoded())
        #expect(parsed.text == text + "\n")
        #expect(parsed.longestLine <= 76)
        let windows = try await MailServer.parse(Self.message(text: "a\r\nb\rc").encoded())
        #expect(windows.text == "a\nb\nc\n")
    }

    @Test func theDateIsRight() async throws {
        let parsed = try await MailServer.parse(Self.message().encoded())
        #expect(parsed.date == "2026-03-03T09:05:07+00:00")
    }
}
