import Foundation
public import Identifiers
import JWTKit

/// Makes tokens for local runs (`DEV_AUTH=true`), signed with the shared secret.
public struct DevTokens: Sendable {
    public static let lifetime: Duration = .seconds(86_400)

    private let keys: JWTKeyCollection
    private let issuer: String?
    private let audience: String?

    public init(secret: String, issuer: String?, audience: String?) async {
        keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(stringLiteral: secret), digestAlgorithm: .sha256)
        self.issuer = issuer
        self.audience = audience
    }

    public struct Issued: Sendable {
        public var token: String
        public var userID: UserID
        public var expiresAt: Timestamp
    }

    /// The same address, letter case aside, gives the same user id.
    public func issue(email: String, name: String?, role: AccountRole, plan: String, at now: Timestamp) async throws
        -> Issued
    {
        let userID = UserID(UUID.v5(namespace: .urlNamespace, name: "mailto:\(email.lowercased())"))
        // JWT times are whole seconds, so the answer says the same.
        let end = Timestamp(millisecondsSinceEpoch: (now + Self.lifetime).millisecondsSinceEpoch / 1000 * 1000)
        let claims = TokenClaims(
            subject: userID.description, issuer: issuer, audience: audience.map { [$0] } ?? [],
            expiresAt: Double(end.millisecondsSinceEpoch / 1000), email: email, isEmailVerified: true, name: name,
            role: role, plan: plan)
        return Issued(token: try await keys.sign(claims), userID: userID, expiresAt: end)
    }
}
