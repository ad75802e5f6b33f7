import Events
import Identifiers
import Testing

@testable import RoomService

@Suite struct InvitationTests {
    private let now = Timestamp.now()
    private let user = UserID.new()

    private func invitation(_ status: InvitationStatus, answeredBy: UserID? = nil) -> Invitation {
        Invitation(
            id: .new(), roomID: .new(), email: "A@b.test", emailKey: "a@b.test", invitedBy: .new(),
            storedStatus: status, delivery: .queued, repeatNumber: 0, mailedAt: now, createdAt: now,
            expiresAt: now + Invitation.lifetime, answeredBy: answeredBy)
    }

    @Test func itEndsAtItsMoment() throws {
        let pending = invitation(.pending)
        #expect(pending.status(at: pending.expiresAt - .milliseconds(1)) == .pending)
        #expect(pending.status(at: pending.expiresAt) == .expired)
        #expect(throws: Refusal.invitationExpired) {
            try pending.answering(.accepted, by: user, at: pending.expiresAt)
        }
    }

    @Test func answersStand() throws {
        #expect(try invitation(.pending).answering(.accepted, by: user, at: now) == .open)
        #expect(try invitation(.accepted, answeredBy: user).answering(.accepted, by: user, at: now) == .repeated)
        #expect(throws: Refusal.self) {
            try invitation(.accepted, answeredBy: .new()).answering(.accepted, by: user, at: now)
        }
        #expect(throws: Refusal.conflict("the invitation was declined already")) {
            try invitation(.declined, answeredBy: user).answering(.accepted, by: user, at: now)
        }
        #expect(throws: Refusal.invitationExpired) {
            try invitation(.withdrawn).answering(.declined, by: user, at: now)
        }
    }

    @Test func mailsKeepTheirDistance() {
        let pending = invitation(.pending)
        #expect(!pending.mayBeMailedAgain(at: now + .seconds(599)))
        #expect(pending.mayBeMailedAgain(at: now + .seconds(600)))
    }

    @Test func tokensAreMadeOfSecretNonceAndId() {
        let tokens = InvitationTokens(secret: "one")
        let (id, nonce) = (InvitationID.new(), InvitationTokens.nonce())
        let token = tokens.token(of: id, nonce: nonce)
        #expect(token.utf8.count == 43)
        #expect(token == InvitationTokens(secret: "one").token(of: id, nonce: nonce))
        #expect(token != InvitationTokens(secret: "two").token(of: id, nonce: nonce))
        #expect(token != tokens.token(of: .new(), nonce: nonce))
        #expect(token != tokens.token(of: id, nonce: InvitationTokens.nonce()))
    }

    @Test(arguments: [
        "", "a", "a@", "@b.test", "a@b", "a b@c.test", "a@b..test", "a@b@c.test", "a@b.test\r\nBcc: x@y.test",
        "<a@b.test>", "a..b@c.test", ".a@b.test", "a.@b.test", "a@-b.test", "a@b-.test", "a@b_c.test", "a@b.test.",
    ])
    func whatIsNoAddress(text: String) { #expect(EmailAddress(text) == nil) }

    @Test(arguments: ["a.b@c.test", "a@xn--bcher-kva.test", "josé@bücher.test", "a@1.2.test"])
    func anyScriptMakesAnAddress(text: String) { #expect(EmailAddress(text)?.text == text) }

    @Test func lettersOfAnAddressMayBeLargeOrSmall() {
        #expect(EmailAddress(" Ann.O'Neil+x@Example.Test ")?.key == "ann.o'neil+x@example.test")
    }
}
