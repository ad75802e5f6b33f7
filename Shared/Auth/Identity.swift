public import Identifiers

/// Who calls, as their token (or the authenticating gateway) says. Nothing else ever names the caller.
public struct Identity: Sendable, Equatable {
    public var userID: UserID
    public var email: String?
    public var isEmailVerified: Bool
    public var name: String?
    public var role: AccountRole
    /// The plan's name; its limits are the room service's to know.
    public var plan: String
    /// When the token ends; `nil` for one without an end.
    public var expiresAt: Timestamp?

    /// An issuer may write anything: an address that is none to store counts as absent, such a plan as `free`.
    public init(
        userID: UserID, email: String? = nil, isEmailVerified: Bool = false, name: String? = nil,
        role: AccountRole = .user, plan: String = "free", expiresAt: Timestamp? = nil
    ) {
        self.userID = userID
        self.email = email.flatMap { Self.isLine($0, limit: 254) ? $0 : nil }
        self.isEmailVerified = isEmailVerified && self.email != nil
        self.name = name
        self.role = role
        self.plan = Self.isLine(plan, limit: 100) ? plan : "free"
        self.expiresAt = expiresAt
    }

    private static func isLine(_ text: String, limit: Int) -> Bool {
        (1...limit).contains(text.unicodeScalars.count)
            && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    /// The address that invitations and notifications may be shown for: only a verified one, in lower case.
    public var verifiedEmail: String? { isEmailVerified ? email?.lowercased() : nil }
}

/// An account's role. It gives no rights inside rooms.
public enum AccountRole: String, Codable, Sendable, CaseIterable {
    case user, artist, admin
    case superAdmin = "super_admin"

    public var isAdministrator: Bool { self == .admin || self == .superAdmin }
}

/// Why a caller is not known.
public enum AuthError: Error, Equatable {
    case missing
    case expired
    /// Malformed, unsigned, wrongly signed, not for us, not yet valid; which one is logged, never told.
    case invalid(String)
    /// The keys could not be had, so nobody can say.
    case keysUnavailable
}
