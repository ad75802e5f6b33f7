import Auth
import Foundation
import HTTPTypes
import Identifiers
import JWTKit
import Logging
import TestSupport
import Testing

/// Tokens of an identity provider whose keys come from a key server (`JWKS_URL`).
@Suite struct PublishedKeysTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func verifier(_ server: KeyServer, secret: String? = nil, pace: PublishedKeys.Pace = .init()) async
        -> TokenVerifier
    {
        await TokenVerifier(
            secret: secret, publishedKeys: PublishedKeys(source: .url(server.url), pace: pace, logger: Self.logger),
            issuer: nil, audience: nil)
    }

    /// What a rotation waits for is no wall clock here.
    private static let quick = PublishedKeys.Pace(minimumInterval: .zero)

    @Test func everyAlgorithmOfTheContract() async throws {
        let keys = [try SigningKey.rs256("r"), try SigningKey.es256("e"), try SigningKey.edDSA("d")]
        try await KeyServer.run(.keys(keys)) { server in
            let verifier = await verifier(server)
            for key in keys {
                let identity = try await verifier.verify(key.token(for: "ann"))
                #expect(identity.userID == UserID(UUID.v5(namespace: .urlNamespace, name: "#ann")))
            }
            #expect(server.requests == 1)
        }
    }

    @Test func keysThatDoNotSayTheirAlgorithm() async throws {
        let keys = [
            try SigningKey.rs256("r", says: nil), try SigningKey.es256("e", says: nil),
            try SigningKey.edDSA("d", says: nil),
        ]
        try await KeyServer.run(.keys(keys)) { server in
            let verifier = await verifier(server)
            for key in keys { _ = try await verifier.verify(key.token()) }
        }
    }

    /// A provider publishes what it likes beside the keys that we use.
    @Test func strangeKeysDoNotHideTheOthers() async throws {
        let key = try SigningKey.es256("good"), forEncryption = try SigningKey.rs256("enc", says: nil)
        let strangers = [
            #"{"kty":"oct","kid":"secret","k":"AAAA","alg":"HS256"}"#, #"{"kty":"EC","crv":"secp256k1","kid":"k"}"#,
            #"{"kty":"RSA","alg":"RSA-OAEP-256","kid":"o","n":"AAAA","e":"AQAB"}"#, #"{"kid":"nothing"}"#, "{}",
            forEncryption.jwk.replacing("\"sig\"", with: "\"enc\""),
        ]
        let set = SigningKey.set([key], and: strangers)
        try await KeyServer.run(.says(set, status: .ok)) { server in
            let verifier = await verifier(server)
            _ = try await verifier.verify(key.token())
            let misused = try await forEncryption.token()
            await #expect(throws: AuthError.invalid("unknown key")) { try await verifier.verify(misused) }
        }
    }

    @Test func keysRotateWithoutARestart() async throws {
        let (old, new) = (try SigningKey.rs256("old"), try SigningKey.rs256("new"))
        try await KeyServer.run(.keys([old])) { server in
            let verifier = await verifier(server, pace: Self.quick)
            _ = try await verifier.verify(old.token())
            let next = try await new.token()
            await #expect(throws: AuthError.invalid("unknown key")) { try await verifier.verify(next) }
            server.set(.keys([old, new]))
            _ = try await verifier.verify(next)
            _ = try await verifier.verify(old.token())
            let impostor = try await new.token(naming: "old")
            await #expect(throws: AuthError.self) { try await verifier.verify(impostor) }
        }
    }

    @Test func aWithdrawnKeyEnds() async throws {
        let (old, new) = (try SigningKey.es256("old"), try SigningKey.es256("new"))
        try await KeyServer.run(.keys([old])) { server in
            let verifier = await verifier(server, pace: .init(maximumAge: .zero, minimumInterval: .zero))
            let token = try await old.token()
            _ = try await verifier.verify(token)
            server.set(.keys([new]))
            try await eventually("the old key is refused") { (try? await verifier.verify(token)) == nil }
            await #expect(throws: AuthError.invalid("unknown key")) { try await verifier.verify(token) }
        }
    }

    enum Failure: CaseIterable { case error, noJSON, noSet, hanging, trickling }

    /// Whatever the server does: known keys go on, at once, and others are 503 and not 401.
    @Test(arguments: Failure.allCases)
    func aServerThatFails(_ failure: Failure) async throws {
        let (known, unknown) = (try SigningKey.rs256("known"), try SigningKey.rs256("unknown"))
        try await KeyServer.run(.keys([known])) { server in
            let pace = PublishedKeys.Pace(maximumAge: .zero, minimumInterval: .zero, deadline: .milliseconds(500))
            let verifier = await verifier(server, pace: pace)
            // On a busy machine even a good answer may be late at first.
            try await eventually("the key is known") { (try? await verifier.verify(known.token())) != nil }
            switch failure {
            case .error: server.set(.says("{}", status: .internalServerError))
            case .noJSON: server.set(.says("<html>", status: .ok))
            case .noSet: server.set(.says(#"{"keys": 1}"#, status: .ok))
            case .hanging: server.set(.hangs)
            case .trickling: server.set(.trickles)
            }
            let token = try await unknown.token()
            await #expect(throws: AuthError.keysUnavailable) { try await verifier.verify(token) }
            for _ in 0..<20 { _ = try await verifier.verify(known.token()) }
            server.set(.keys([known, unknown]))
            try await eventually("the new key is found") { (try? await verifier.verify(token)) != nil }
        }
    }

    /// A known key waits for nobody: not even for a server that never answers.
    @Test func nobodyWithAKnownKeyWaits() async throws {
        let key = try SigningKey.edDSA("known")
        try await KeyServer.run(.keys([key])) { server in
            let pace = PublishedKeys.Pace(maximumAge: .zero, minimumInterval: .zero, deadline: .seconds(3600))
            let verifier = await verifier(server, pace: pace)
            let token = try await key.token()
            _ = try await verifier.verify(token)
            server.set(.hangs)
            // Each would wait for an hour.
            for _ in 0..<100 { _ = try await verifier.verify(token) }
        }
    }

    @Test func aServerThatIsNotThere() async throws {
        let key = try SigningKey.edDSA("k")
        let nowhere = "http://127.0.0.1:\(try LocalPort.free())/keys"
        let verifier = await TokenVerifier(
            secret: nil, publishedKeys: PublishedKeys(source: .url(nowhere), logger: Self.logger), issuer: nil,
            audience: nil)
        let token = try await key.token()
        await #expect(throws: AuthError.keysUnavailable) { try await verifier.verify(token) }
    }

    /// However many come, with whatever key: one question at a time, and none within the interval.
    @Test func thereIsNoStampede() async throws {
        let (known, unknown) = (try SigningKey.es256("known"), try SigningKey.es256("unknown"))
        try await KeyServer.run(.keys([known])) { server in
            let verifier = await verifier(server, pace: .init(minimumInterval: .seconds(3600)))
            let tokens = [try await known.token(), try await unknown.token(), try await unknown.token(naming: "x")]
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<300 {
                    group.addTask { _ = try? await verifier.verify(tokens[number % 3]) }
                }
            }
            _ = try await verifier.verify(tokens[0])
            #expect(server.requests == 1)
        }
    }

    @Test func algorithmsAreNotConfused() async throws {
        let rsa = try SigningKey.rs256("r"), curve = try SigningKey.es256("e")
        try await KeyServer.run(.keys([rsa, curve])) { server in
            let secret = "a secret of some length, only for tests"
            for verifier in [await verifier(server), await verifier(server, secret: secret)] {
                _ = try await verifier.verify(rsa.token())
                var forged: [String] = []
                // The public key, which everybody has, as a secret.
                for text in [rsa.pem, rsa.pem + "\n", curve.pem, rsa.jwk] {
                    let keys = JWTKeyCollection()
                    await keys.add(hmac: HMACKey(stringLiteral: text), digestAlgorithm: .sha256, kid: "r")
                    forged.append(try await keys.sign(SigningKey.Claims(sub: "x"), kid: "r"))
                }
                let parts = try await rsa.token().split(separator: ".").map(String.init)
                for algorithm in ["none", "None", "HS256", "RS384", "PS256", "ES256", ""] {
                    let header = base64URL(Data(#"{"alg":"\#(algorithm)","kid":"r","typ":"JWT"}"#.utf8))
                    forged += ["\(header).\(parts[1]).", "\(header).\(parts[1]).\(parts[2])"]
                }
                // A good signature of the one key under the name of the other.
                forged += [try await rsa.token(naming: "e"), try await curve.token(naming: "r")]
                for token in forged {
                    await #expect(throws: AuthError.self, "\(token)") { try await verifier.verify(token) }
                }
            }
        }
    }
}
