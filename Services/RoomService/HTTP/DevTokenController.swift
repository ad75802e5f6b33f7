import Auth
import Events
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers
import Logging
import ServiceSupport

/// Tokens for local runs: there is no such route without `DEV_AUTH=true`.
struct DevTokenController: Sendable {
    let tokens: DevTokens
    let accounts: Accounts
    let logger: Logger

    func add(to routes: RouterGroup<AppContext>) { routes.post("auth/dev-token", use: issue) }

    private struct Body: Decodable {
        var email: String
        var name: String?
        var role: AccountRole?
        var plan: String?
    }

    private struct Answer: Encodable {
        var token: String
        var userId: UserID
        var expiresAt: Timestamp
    }

    @Sendable private func issue(_ request: Request, context: AppContext) async throws -> Response {
        let body = try await request.body(as: Body.self, context)
        var faults = Faults()
        let address = EmailAddress(body.email)
        if address == nil { faults.add("email", "must be an e-mail address") }
        let name = body.name.flatMap { TextRules.line($0, field: "name", limit: 100, faults: &faults) }
        let plan = body.plan.flatMap { TextRules.line($0, field: "plan", limit: 50, faults: &faults) } ?? "free"
        try faults.check()
        guard let address else { return .noContent }
        let shownName = name ?? String(address.text.prefix { $0 != "@" })
        let issued = try await tokens.issue(
            email: address.text, name: shownName, role: body.role ?? .user, plan: plan, at: accounts.clock.now())
        let identity = Identity(
            userID: issued.userID, email: address.text, isEmailVerified: true, name: shownName,
            role: body.role ?? .user, plan: plan, expiresAt: issued.expiresAt)
        do {
            // Whoever has a token can be named by others from now on.
            try await accounts.note(identity)
        } catch {
            logger.warning("a new user was not noted", metadata: [LogKeys.error: "\(error)"])
        }
        return try .json(
            Answer(token: issued.token, userId: issued.userID, expiresAt: issued.expiresAt), status: .created)
    }
}
