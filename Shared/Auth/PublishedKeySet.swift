import Foundation
import JWTKit

/// A key set as its issuer published it (RFC 7517), with those keys in it that verify tokens of ours.
///
/// A key of another kind, or one that cannot be read, does not hide the others: issuers publish keys for other uses too.
struct PublishedKeySet: Sendable {
    let keys: JWTKeyCollection
    /// What each key, by its id, is for. A key is good for one algorithm only.
    let algorithms: [String: String]

    /// - Throws: for anything that is no key set. A set without keys is one: everything was withdrawn.
    init(json: Data) async throws {
        keys = JWTKeyCollection()
        var algorithms: [String: String] = [:]
        for case var key? in try JSONDecoder().decode(Document.self, from: json).keys {
            guard let id = key.keyIdentifier?.string, let algorithm = Self.algorithm(of: key) else { continue }
            key.algorithm = JWK.Algorithm(rawValue: algorithm)
            // Whoever publishes a private key by mistake is not helped along.
            key.privateExponent = nil
            if (try? await keys.add(jwk: key)) != nil { algorithms[id] = algorithm }
        }
        self.algorithms = algorithms
    }

    /// What a key is for; where it does not say so itself, its kind tells.
    private static func algorithm(of key: JWK) -> String? {
        let algorithm: String? =
            switch (key.keyType, key.curve?.rawValue) {
            case (.rsa, _): "RS256"
            case (.ecdsa, "P-256"): "ES256"
            case (.octetKeyPair, "Ed25519"): "EdDSA"
            default: nil
            }
        guard let algorithm, key.algorithm == nil || key.algorithm?.rawValue == algorithm else { return nil }
        return algorithm
    }

    private struct Document: Decodable {
        var keys: [JWK?]

        private enum Field: String, CodingKey { case keys }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Field.self)
            keys = try fields.decode([Entry].self, forKey: .keys).map(\.key)
        }
    }

    private struct Entry: Decodable {
        /// `nil` for a key that is of no use here.
        var key: JWK?

        private enum Field: String, CodingKey { case use }

        init(from decoder: any Decoder) throws {
            let use = try? decoder.container(keyedBy: Field.self).decodeIfPresent(String.self, forKey: .use)
            key = use == nil || use == "sig" ? try? JWK(from: decoder) : nil
        }
    }
}
