import Auth
import HTTPSupport

extension Caller {
    init(_ identity: Identity) {
        self.init(
            userID: identity.userID, displayName: Caller.displayName(identity.name),
            verifiedEmail: identity.isEmailVerified ? identity.email.map(TextRules.key) : nil, plan: identity.plan,
            isAdmin: identity.role.isAdministrator, isSuperAdmin: identity.role == .superAdmin)
    }
}

extension AppContext {
    var who: Caller { get throws { Caller(try identity) } }

    /// - Throws: 403 to all but administrators.
    var administrator: Caller {
        get throws {
            let caller = try who
            guard caller.isAdmin else { throw Problem(.forbidden) }
            return caller
        }
    }
}
