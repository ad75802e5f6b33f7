import Auth
import Crypto
import Foundation
import Identifiers
import JWTKit
import Logging
import ServiceSupport
import TestSupport
import Testing

@Suite struct TokenVerifierTests {
    private static let secret = "a secret of some length, only for tests"
    private let secretOf48Bytes = String(repeating: "0123456789abcdef", count: 3)
    private static let now = Timestamp("2026-06-01T12:00:00.000Z")!
    private static let time = TimeSource(now: { now })

    private struct Claims: JWTPayload {
        var sub: String?
        var iss: String?
        var aud: String?
        var exp: Int?
        var nbf: Int?
        var email: String?
        var email_verified: Bool?
        var role: String?
        var plan: String?
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private func token(_ claims: Claims, secret: String = secret, algorithm: DigestAlgorithm = .sha256) async throws
        -> String
    {
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(stringLiteral: secret), digestAlgorithm: algorithm)
        return try await keys.sign(claims)
    }

    private func verifier(issuer: String? = nil, audience: String? = nil, keys: PublishedKeys? = nil) async
        -> TokenVerifier
    {
        await TokenVerifier(
            secret: Self.secret, publishedKeys: keys, issuer: issuer, audience: audience, time: Self.time)
    }

    private func seconds(_ offset: Int) -> Int { Int(Self.now.millisecondsSinceEpoch / 1000) + offset }

    @Test func aUUIDSubjectIsTheUser() async throws {
        let user = UserID.new()
        let token = try await token(
            Claims(sub: user.description, email: "A@b.c", email_verified: true, role: "admin", plan: "pro"))
        let identity = try await verifier().verify(token)
        #expect(identity.userID == user)
        #expect(identity.verifiedEmail == "a@b.c")
        #expect(identity.role == .admin)
        #expect(identity.plan == "pro")
    }

    @Test func anyOtherSubjectMapsToANameBasedUUID() async throws {
        let token = try await token(Claims(sub: "user-1", iss: "https://issuer.example"))
        let identity = try await verifier().verify(token)
        #expect(identity.userID == UserID(UUID.v5(namespace: .urlNamespace, name: "https://issuer.example#user-1")))
        #expect(identity.isEmailVerified == false)
        #expect(identity.role == .user)
        #expect(identity.plan == "free")
    }

    /// What an issuer writes is kept where it can be, and nobody is shut out for it.
    @Test func claimsThatAreNoneCountAsAbsent() async throws {
        for (email, plan) in [("a\u{0}@b.c", "p\u{0}"), (String(repeating: "x", count: 255), ""), ("", "a\nb")] {
            let token = try await token(Claims(sub: "u", email: email, email_verified: true, plan: plan))
            let identity = try await verifier().verify(token)
            #expect(identity.email == nil && !identity.isEmailVerified && identity.plan == "free")
        }
    }

    @Test func timesCountWithThirtySecondsOfLeeway() async throws {
        let verifier = await verifier()
        let justExpired = try await token(Claims(sub: "u", exp: seconds(-29)))
        _ = try await verifier.verify(justExpired)
        let expired = try await token(Claims(sub: "u", exp: seconds(-30)))
        await #expect(throws: AuthError.expired) { try await verifier.verify(expired) }
        let almostValid = try await token(Claims(sub: "u", nbf: seconds(30)))
        _ = try await verifier.verify(almostValid)
        let early = try await token(Claims(sub: "u", nbf: seconds(31)))
        await #expect(throws: AuthError.invalid("not valid yet")) { try await verifier.verify(early) }
    }

    @Test func issuerAndAudienceMustMatchWhereSet() async throws {
        let strict = await verifier(issuer: "https://i", audience: "parlor")
        _ = try await strict.verify(token(Claims(sub: "u", iss: "https://i", aud: "parlor")))
        for claims in [Claims(sub: "u", aud: "parlor"), Claims(sub: "u", iss: "https://other", aud: "parlor")] {
            let token = try await token(claims)
            await #expect(throws: AuthError.invalid("issuer")) { try await strict.verify(token) }
        }
        let token = try await token(Claims(sub: "u", iss: "https://i", aud: "other"))
        await #expect(throws: AuthError.invalid("audience")) { try await strict.verify(token) }
    }

    @Test func wrongSecretsAlgorithmsAndShapesAreRefused() async throws {
        let verifier = await verifier()
        var tokens = [
            try await token(Claims(sub: "u"), secret: "another secret, just as long as the first"),
            try await token(Claims(sub: "u"), secret: secretOf48Bytes, algorithm: .sha384),
            try await token(Claims(sub: "")), try await token(Claims()),
            "", "a.b", "a.b.c", "a.b.c.d", String(repeating: "x", count: 20_000),
        ]
        let body = base64("{\"sub\":\"u\"}")
        tokens.append("\(base64(#"{"alg":"none"}"#)).\(body).")
        tokens.append("\(base64(#"{"alg":"None"}"#)).\(body).")
        // Signed, but with a demand that nobody here understands.
        let demanding = "\(base64(#"{"alg":"HS256","crit":["b64"],"b64":true}"#)).\(body)"
        let signature = HMAC<SHA256>.authenticationCode(
            for: Data(demanding.utf8), using: SymmetricKey(data: Data(Self.secret.utf8)))
        tokens.append("\(demanding).\(base64URL(Data(signature)))")
        let good = try await token(Claims(sub: "u")).split(separator: ".")
        tokens.append("\(good[0]).\(base64("{\"sub\":\"v\"}")).\(good[2])")
        for token in tokens {
            await #expect(throws: AuthError.self) { try await verifier.verify(token) }
        }
    }

    @Test func aPublicKeyIsNeverASecret() async throws {
        let key = ES256PrivateKey()
        let file = try KeyFile()
        defer { file.remove() }
        try file.write([(key, "k1")])
        let published = PublishedKeys(source: .file(file.path), logger: Logger(label: "test"))
        let verifier = await TokenVerifier(
            secret: nil, publishedKeys: published, issuer: nil, audience: nil, time: Self.time)
        let forged = try await token(Claims(sub: "u"), secret: key.publicKey.pemRepresentation)
        await #expect(throws: AuthError.self) { try await verifier.verify(forged) }
    }

    @Test(arguments: [("", false), ("keys", false), ("[]", false), (#"{"keys":{}}"#, false), (#"{"keys":[]}"#, true)])
    func aFileThatIsNoKeySetStopsTheStart(text: String, isGood: Bool) throws {
        let file = try KeyFile()
        defer { file.remove() }
        try file.write(json: text)
        let settings = Settings(environment: ["JWKS_FILE": file.path])
        _ = AuthSettings(settings)
        if isGood { return try settings.finish() }
        let error = #expect(throws: SettingsError.self) { try settings.finish() }
        #expect(error?.faults == ["JWKS_FILE is no JSON Web Key Set"])
    }

    @Test func keysRotateWithoutARestart() async throws {
        let file = try KeyFile()
        defer { file.remove() }
        let (old, new) = (ES256PrivateKey(), ES256PrivateKey())
        try file.write([(old, "old")])
        let verifier = await verifier(keys: PublishedKeys(source: .file(file.path), logger: Logger(label: "test")))
        _ = try await verifier.verify(sign(Claims(sub: "u"), with: old, kid: "old"))
        let next = try await sign(Claims(sub: "u"), with: new, kid: "new")
        await #expect(throws: AuthError.invalid("unknown key")) { try await verifier.verify(next) }
        try file.write([(old, "old"), (new, "new")])
        // A reading may only follow the last one after a second.
        try await eventually("the new key is read") { (try? await verifier.verify(next)) != nil }
        let impostor = try await sign(Claims(sub: "u"), with: new, kid: "old")
        await #expect(throws: AuthError.self) { try await verifier.verify(impostor) }
    }

    @Test func edDSAWorksToo() async throws {
        let file = try KeyFile()
        defer { file.remove() }
        let key = try EdDSA.PrivateKey(curve: .ed25519)
        try file.write(
            json:
                #"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"e","x":"\#(base64URL(key.publicKey.rawRepresentation))"}]}"#
        )
        let verifier = await verifier(keys: PublishedKeys(source: .file(file.path), logger: Logger(label: "test")))
        let keys = JWTKeyCollection()
        await keys.add(eddsa: key, kid: "e")
        let token = try await keys.sign(Claims(sub: "u"), kid: "e")
        #expect(try await verifier.verify(token).userID == UserID(UUID.v5(namespace: .urlNamespace, name: "#u")))
    }

    @Test func devTokensNameTheSameUserForTheSameAddress() async throws {
        let tokens = await DevTokens(secret: Self.secret, issuer: nil, audience: nil)
        let first = try await tokens.issue(
            email: "Ann@example.org", name: "Ann", role: .user, plan: "pro", at: Self.now)
        let second = try await tokens.issue(
            email: "ann@EXAMPLE.org", name: nil, role: .user, plan: "free", at: Self.now)
        #expect(first.userID == second.userID)
        let identity = try await verifier().verify(first.token)
        #expect(identity.userID == first.userID)
        #expect(identity.isEmailVerified)
        #expect(identity.expiresAt == first.expiresAt)
    }

    private func sign(_ claims: Claims, with key: ES256PrivateKey, kid: String) async throws -> String {
        let keys = JWTKeyCollection()
        await keys.add(ecdsa: key, kid: JWKIdentifier(string: kid))
        return try await keys.sign(claims, kid: JWKIdentifier(string: kid))
    }
}

private func base64(_ text: String) -> String { base64URL(Data(text.utf8)) }

/// A JWKS file that a test may rewrite.
private struct KeyFile {
    let path = NSTemporaryDirectory() + "/jwks-\(UUID().uuidString).json"

    init() throws { try write(json: "{\"keys\":[]}") }

    func write(_ keys: [(ES256PrivateKey, String)]) throws {
        let entries = try keys.map { key, kid in
            let parameters = try #require(key.publicKey.parameters)
            // JWKs are base64url; the library hands out base64.
            let (x, y) = (urlSafe(parameters.x), urlSafe(parameters.y))
            return #"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"\#(kid)","x":"\#(x)","y":"\#(y)"}"#
        }
        try write(json: "{\"keys\":[\(entries.joined(separator: ","))]}")
    }

    func write(json: String) throws { try Data(json.utf8).write(to: URL(fileURLWithPath: path)) }
    func remove() { try? FileManager.default.removeItem(atPath: path) }

    private func urlSafe(_ base64: String) -> String {
        base64.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }
}
