import SMTP
import Testing

@Suite struct MailAddressTests {
    @Test(arguments: [
        "a@b", "ada.l@example.org", "a+tag@example.org", "o'neil@example.org", "josé@exámple.org", "用户@例子.公司",
        "a@[192.0.2.1]", "a@[IPv6:::1]",
    ])
    func addresses(text: String) {
        #expect(MailAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", "a", "@b", "a@", "a b@c", "a@b c", "a@b\r\nRCPT TO:<x@y>", "a\n@b", "<a@b>", "a@b>", "a@b, c@d", "a..b@c",
        ".a@c", "a.@c", "a@b..c", "a@-b", "\"a b\"@c", "a@[x y]", "a\u{0}@b", "a\u{202E}@b", "a;b@c", "a@b@c",
    ])
    func noAddresses(text: String) {
        #expect(MailAddress(text) == nil)
    }

    @Test func lengths() {
        #expect(MailAddress(String(repeating: "a", count: 65) + "@b") == nil)
        #expect(MailAddress("a@" + String(repeating: "b", count: 253)) == nil)
    }

    @Test func mailboxes() {
        #expect(Mailbox("Parlor <a@b>") == Mailbox(name: "Parlor", address: MailAddress("a@b")!))
        #expect(Mailbox(#""Par \"lor\", Inc." <a@b>"#)?.name == #"Par "lor", Inc."#)
        #expect(Mailbox("a@b")?.name == nil)
        #expect(Mailbox(" <a@b> ")?.name == nil)
        #expect(Mailbox("Parlor") == nil)
        #expect(Mailbox("Parlor <a b>") == nil)
    }
}
