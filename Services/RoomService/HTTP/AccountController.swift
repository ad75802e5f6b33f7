import Auth
import Events
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers

/// One's own account, and what administrators do with accounts.
struct AccountController: Sendable {
    let accounts: Accounts
    let known: KnownUsers
    let store: RoomStore

    func add(to routes: RouterGroup<AppContext>) {
        routes.get("users/me", use: me)
        routes.post("admin/users/:user/ban", use: ban)
        routes.delete("admin/users/:user/ban", use: unban)
        routes.get("admin/reports", use: reports)
    }

    private struct Me: Encodable {
        var id: UserID
        @Nullable var email: String?
        var emailVerified: Bool
        var displayName: String
        var role: AccountRole
        var plan: String
        @Nullable var bannedAt: Timestamp?
        var createdAt: Timestamp
    }

    @Sendable private func me(_ request: Request, context: AppContext) async throws -> Response {
        guard let account = try await accounts.find(context.who.userID) else { throw Problem(.userNotFound) }
        return try .json(
            Me(
                id: account.id, email: account.email, emailVerified: account.isEmailVerified,
                displayName: account.displayName, role: account.role, plan: account.plan,
                bannedAt: account.isBanned(at: accounts.clock.now()) ? account.bannedAt : nil,
                createdAt: account.createdAt))
    }

    private struct BanBody: Decodable {
        var reason: String
        var until: Timestamp?
    }

    @Sendable private func ban(_ request: Request, context: AppContext) async throws -> Response {
        let administrator = try context.administrator
        let user = try context.id("user", as: UserID.self, orElse: .userNotFound)
        let account = try await accounts.judged(user, by: administrator)
        let body = try await request.body(as: BanBody.self, context)
        let now = accounts.clock.now()
        let limits = try Limits(reason: body.reason, until: body.until, isReasonRequired: true, now: now)
        let (banned, isNew) = try await accounts.ban(
            account.id, reason: limits.reason ?? "", until: limits.until, by: administrator)
        await known.refresh()
        // No search of theirs is matched from the ban on; who is in a pair with them need not wait for nobody.
        try await store.leavePairing(account.id)
        return try .json(
            BanView(account: banned, bannedBy: administrator.userID, at: now), status: isNew ? .created : .ok)
    }

    @Sendable private func unban(_ request: Request, context: AppContext) async throws -> Response {
        let administrator = try context.administrator
        let user = try context.id("user", as: UserID.self, orElse: .userNotFound)
        try await accounts.unban(user, by: administrator)
        await known.refresh()
        return .noContent
    }

    @Sendable private func reports(_ request: Request, context: AppContext) async throws -> Response {
        _ = try context.administrator
        let query = Query(request)
        let limit = try query.limit()
        let found = try await store.reports(before: query.cursor(), limit: limit + 1)
        return try .json(Page(found, limit: limit, item: ReportView.init) { $0.id })
    }
}
