import CryptoExtras
import Foundation
import JWTKit

/// An identity provider's private key: signs tokens, and shows its public half as a JWK.
struct SigningKey: Sendable {
    let id: String
    let jwk: String
    /// The public half as PEM, for those kinds that have one.
    let pem: String
    private let add: @Sendable (JWTKeyCollection, JWKIdentifier) async throws -> Void

    static func rs256(_ id: String, says algorithm: String? = "RS256") throws -> SigningKey {
        let key = try Insecure.RSA.PrivateKey(backing: _RSA.Signing.PrivateKey(keySize: .bits2048))
        let (n, e) = try key.publicKey.getKeyPrimitives()
        let fields = ["kty": "RSA", "use": "sig", "n": base64URL(n), "e": base64URL(e)]
        return SigningKey(id: id, jwk: Self.json(fields, id, algorithm), pem: key.publicKey.pemRepresentation) {
            await $0.add(rsa: key, digestAlgorithm: .sha256, kid: $1)
        }
    }

    static func es256(_ id: String, says algorithm: String? = "ES256") throws -> SigningKey {
        let key = ES256PrivateKey()
        // Both coordinates follow each other in the uncompressed point, which ends the DER form.
        let point = Data(
            base64Encoded: key.publicKey.pemRepresentation.split(separator: "\n").dropFirst().dropLast().joined()
        )?.suffix(64)
        let (x, y) = (point?.prefix(32) ?? Data(), point?.suffix(32) ?? Data())
        let fields = ["kty": "EC", "crv": "P-256", "x": base64URL(x), "y": base64URL(y)]
        return SigningKey(id: id, jwk: Self.json(fields, id, algorithm), pem: key.publicKey.pemRepresentation) {
            await $0.add(ecdsa: key, kid: $1)
        }
    }

    static func edDSA(_ id: String, says algorithm: String? = "EdDSA") throws -> SigningKey {
        let key = try EdDSA.PrivateKey(curve: .ed25519)
        let fields = ["kty": "OKP", "crv": "Ed25519", "x": base64URL(key.publicKey.rawRepresentation)]
        return SigningKey(id: id, jwk: Self.json(fields, id, algorithm), pem: "") { await $0.add(eddsa: key, kid: $1) }
    }

    /// A key set, with further entries as given.
    static func set(_ keys: [SigningKey], and others: [String] = []) -> String {
        #"{"keys":[\#((keys.map(\.jwk) + others).joined(separator: ","))]}"#
    }

    /// A token that names this key, or another one instead.
    func token(for subject: String = "someone", naming kid: String? = nil, header: JWTHeader = JWTHeader())
        async throws -> String
    {
        let id = JWKIdentifier(string: kid ?? id)
        let keys = JWTKeyCollection()
        try await add(keys, id)
        return try await keys.sign(Claims(sub: subject), kid: id, header: header)
    }

    struct Claims: JWTPayload {
        var sub: String
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private init(
        id: String, jwk: String, pem: String,
        add: @escaping @Sendable (JWTKeyCollection, JWKIdentifier) async throws -> Void
    ) {
        self.id = id
        self.jwk = jwk
        self.pem = pem
        self.add = add
    }

    private static func json(_ fields: [String: String], _ id: String, _ algorithm: String?) -> String {
        var fields = fields
        fields["kid"] = id
        fields["alg"] = algorithm
        return "{" + fields.map { "\"\($0.key)\":\"\($0.value)\"" }.sorted().joined(separator: ",") + "}"
    }
}

func base64URL(_ data: some DataProtocol) -> String {
    Data(data).base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        .replacingOccurrences(of: "=", with: "")
}
