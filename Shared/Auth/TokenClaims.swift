import Foundation
import Identifiers
import JWTKit

/// The claims of an access token (contract, section 1). Times and audience are checked by ``TokenVerifier``.
struct TokenClaims: JWTPayload {
    var subject: String
    var issuer: String?
    var audience: [String]
    var expiresAt: Double?
    var notBefore: Double?
    var email: String?
    var isEmailVerified: Bool
    var name: String?
    var role: AccountRole
    var plan: String

    enum Field: String, CodingKey {
        case sub, iss, aud, exp, nbf, email, name, role, plan
        case emailVerified = "email_verified"
    }

    init(
        subject: String, issuer: String?, audience: [String], expiresAt: Double?, email: String?,
        isEmailVerified: Bool, name: String?, role: AccountRole, plan: String
    ) {
        self.subject = subject
        self.issuer = issuer
        self.audience = audience
        self.expiresAt = expiresAt
        self.email = email
        self.isEmailVerified = isEmailVerified
        self.name = name
        self.role = role
        self.plan = plan
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        subject = try fields.decode(String.self, forKey: .sub)
        guard !subject.isEmpty else {
            throw DecodingError.dataCorruptedError(forKey: .sub, in: fields, debugDescription: "is empty")
        }
        issuer = try fields.decodeIfPresent(String.self, forKey: .iss)
        if let one = try? fields.decodeIfPresent(String.self, forKey: .aud) {
            audience = [one]
        } else {
            audience = try fields.decodeIfPresent([String].self, forKey: .aud) ?? []
        }
        expiresAt = try fields.decodeIfPresent(Double.self, forKey: .exp)
        notBefore = try fields.decodeIfPresent(Double.self, forKey: .nbf)
        email = try fields.decodeIfPresent(String.self, forKey: .email)
        if let flag = try? fields.decodeIfPresent(Bool.self, forKey: .emailVerified) {
            isEmailVerified = flag
        } else {
            // Some issuers write the flag as a string.
            isEmailVerified = (try? fields.decodeIfPresent(String.self, forKey: .emailVerified)) == "true"
        }
        name = try fields.decodeIfPresent(String.self, forKey: .name)
        role = (try fields.decodeIfPresent(String.self, forKey: .role)).flatMap(AccountRole.init) ?? .user
        plan = try fields.decodeIfPresent(String.self, forKey: .plan) ?? "free"
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(subject, forKey: .sub)
        try fields.encodeIfPresent(issuer, forKey: .iss)
        if !audience.isEmpty { try fields.encode(audience, forKey: .aud) }
        try fields.encodeIfPresent(expiresAt.map { Int64($0) }, forKey: .exp)
        try fields.encodeIfPresent(email, forKey: .email)
        try fields.encode(isEmailVerified, forKey: .emailVerified)
        try fields.encodeIfPresent(name, forKey: .name)
        try fields.encode(role, forKey: .role)
        try fields.encode(plan, forKey: .plan)
    }

    func verify(using algorithm: some JWTAlgorithm) throws {}

    /// A UUID subject is the user's id; any other maps to a name-based UUID of issuer and subject.
    var userID: UserID {
        UserID(UUID(uuidString: subject) ?? UUID.v5(namespace: .urlNamespace, name: "\(issuer ?? "")#\(subject)"))
    }
}
