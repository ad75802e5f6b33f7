import Foundation
public import Identifiers
import JWTKit

/// Checks access tokens: HS256 with a shared secret, RS256, ES256 and EdDSA with a published key set.
///
/// The token's `alg` only ever selects among keys meant for that algorithm, so that a public key is never taken for
/// a secret, and `none` is never an algorithm.
public struct TokenVerifier: Sendable {
    /// How far the clocks of issuer and verifier may differ.
    public static let leeway: Duration = .seconds(30)

    private let headers = TokenHeaders()
    private let secretKeys: JWTKeyCollection?
    private let publishedKeys: PublishedKeys?
    private let issuer: String?
    private let audience: String?
    private let time: TimeSource

    /// - Parameters:
    ///   - secret: for HS256; `nil` or empty refuses HS256.
    ///   - publishedKeys: for the asymmetric algorithms; `nil` refuses them.
    ///   - issuer, audience: where set, tokens must carry them.
    public init(
        secret: String?, publishedKeys: PublishedKeys?, issuer: String?, audience: String?,
        time: TimeSource = .system
    ) async {
        if let secret, !secret.isEmpty {
            let keys = JWTKeyCollection()
            await keys.add(hmac: HMACKey(stringLiteral: secret), digestAlgorithm: .sha256)
            secretKeys = keys
        } else {
            secretKeys = nil
        }
        self.publishedKeys = publishedKeys
        self.issuer = issuer
        self.audience = audience
        self.time = time
    }

    /// Who the bearer of the token is.
    public func verify(_ token: String) async throws(AuthError) -> Identity {
        guard token.utf8.count <= 16_384 else { throw .invalid("too long") }
        let header = try headers.header(of: token)
        // None is understood here (RFC 7515, section 4.1.11).
        guard header.crit == nil else { throw .invalid("critical extensions") }
        let claims: TokenClaims
        switch header.alg {
        case "HS256":
            guard let secretKeys else { throw .invalid("HS256 is not accepted here") }
            claims = try await Self.claims(of: token, using: secretKeys)
        case "RS256", "ES256", "EdDSA":
            guard let publishedKeys else { throw .invalid("\(header.alg) is not accepted here") }
            guard let kid = header.kid else { throw .invalid("no key id") }
            claims = try await Self.claims(of: token, using: publishedKeys.keys(containing: kid, for: header.alg))
        default:
            throw .invalid("algorithm \(header.alg.prefix(16))")
        }
        return try identity(of: claims)
    }

    private func identity(of claims: TokenClaims) throws(AuthError) -> Identity {
        let now = Double(time.now().millisecondsSinceEpoch) / 1000
        let leeway = Double(Self.leeway.components.seconds)
        if let end = claims.expiresAt, now >= end + leeway { throw .expired }
        if let start = claims.notBefore, now < start - leeway { throw .invalid("not valid yet") }
        if let issuer, claims.issuer != issuer { throw .invalid("issuer") }
        if let audience, !claims.audience.contains(audience) { throw .invalid("audience") }
        return Identity(
            userID: claims.userID, email: claims.email, isEmailVerified: claims.isEmailVerified, name: claims.name,
            role: claims.role, plan: claims.plan,
            expiresAt: claims.expiresAt.flatMap { end in
                abs(end) < 1e12 ? Timestamp(millisecondsSinceEpoch: Int64(end * 1000)) : nil
            })
    }

    private static func claims(of token: String, using keys: JWTKeyCollection) async throws(AuthError) -> TokenClaims {
        do {
            return try await keys.verify(token, as: TokenClaims.self)
        } catch {
            throw .invalid("\(type(of: error))")
        }
    }
}
