import Identifiers

/// Who asks, as far as rooms care.
struct Caller: Sendable, Equatable {
    var userID: UserID
    var displayName: String
    /// In lower case; only what the token says is verified counts for invitations.
    var verifiedEmail: String?
    var plan: String
    var isAdmin = false
    var isSuperAdmin = false

    /// What others see of a name: one line of at most 100 characters, never empty.
    static func displayName(_ name: String?) -> String {
        let scalars = TextRules.trim(name ?? "").unicodeScalars.filter { !TextRules.isControl($0) }.prefix(100)
        let text = TextRules.trim(String(String.UnicodeScalarView(scalars)))
        return text.isEmpty ? "Guest" : text
    }
}
