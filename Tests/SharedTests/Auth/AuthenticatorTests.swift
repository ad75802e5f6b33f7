import Testing

@testable import Auth

@Suite struct AuthenticatorTests {
    @Test(arguments: [
        ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER   a.b.c  ", "a.b.c"), ("  Bearer x", "x"),
        ("Bearer a b", "a b"), ("Bearer é", "é"),
    ])
    func aBearersTokenIsWhatFollows(_ field: String, _ token: String) {
        #expect(Authenticator.bearerToken(field) == token)
    }

    @Test(arguments: ["", " ", "Bearer", "Bearer ", "Basic abc", "Bearerabc", "Bearer\tabc", "é Bearer x"])
    func otherFieldsCarryNone(_ field: String) { #expect(Authenticator.bearerToken(field) == nil) }

    /// What was read once is not taken for what only looks like it.
    @Test func headersAreReadOnceAndKeptApart() throws {
        let headers = TokenHeaders()
        let (first, second) = ("eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0")
        for _ in 0..<2 {
            #expect(try headers.header(of: "\(first).e30.x").alg == "HS256")
            #expect(try headers.header(of: "\(second).e30.y").kid == "k1")
        }
        for broken in [
            "", ".", "..", "\(first)", "\(first).e30", "\(first).e30.x.y", "x\(first).e30.x", "\(first)x.e30.x",
        ] {
            #expect(throws: AuthError.self, "\(broken)") { try headers.header(of: broken) }
        }
    }
}
