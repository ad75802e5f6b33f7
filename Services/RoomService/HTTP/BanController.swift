import Events
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers

/// Who is kept out of a room.
struct BanController: Sendable {
    let store: RoomStore

    func add(to routes: RouterGroup<AppContext>) {
        routes.get("rooms/:room/bans", use: list)
        routes.post("rooms/:room/bans", use: ban)
        routes.delete("rooms/:room/bans/:user", use: unban)
    }

    @Sendable private func list(_ request: Request, context: AppContext) async throws -> Response {
        let access = try await store.access(context.roomReference(), user: context.who.userID)
        try access.check(.readModeration)
        let query = Query(request)
        let limit = try query.limit()
        let bans = try await store.bans(of: access.room.id, after: query.cursor(), limit: limit + 1)
        return try .json(
            Page(bans, limit: limit, item: BanView.init) {
                RoomStore.BanPosition(at: $0.createdAt, user: $0.userID)
            })
    }

    private struct BanBody: Decodable {
        var userId: UserID
        var reason: String?
        var until: Timestamp?
    }

    @Sendable private func ban(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let access = try await store.access(context.roomReference(), user: caller.userID)
        try access.check(.moderate)
        let body = try await request.body(as: BanBody.self, context)
        let limits = try Limits(reason: body.reason, until: body.until, isReasonRequired: false, now: store.clock.now())
        let (ban, isNew) = try await store.ban(
            body.userId, from: access.room.id, reason: limits.reason, until: limits.until, by: caller.userID)
        return try .json(BanView(ban), status: isNew ? .created : .ok)
    }

    @Sendable private func unban(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let access = try await store.access(context.roomReference(), user: caller.userID)
        guard let role = access.member?.role else { throw Refusal.notAMember }
        guard role >= .moderator else { throw Refusal.forbidden }
        let user = try context.id("user", as: UserID.self, orElse: .userNotFound)
        try await store.unban(user, from: access.room.id, by: caller.userID)
        return .noContent
    }
}

/// The reason and the end of a ban, as given.
struct Limits {
    var reason: String?
    var until: Timestamp?

    init(reason: String?, until: Timestamp?, isReasonRequired: Bool, now: Timestamp) throws(Refusal) {
        var faults = Faults()
        self.reason = reason.flatMap {
            TextRules.paragraph($0, field: "reason", range: 1...500, faults: &faults)
        }
        if isReasonRequired, reason == nil { faults.add("reason", "is required") }
        if let until, until <= now { faults.add("until", "must lie in the future") }
        self.until = until
        try faults.check()
    }
}

/// A ban, of a room or of everything.
struct BanView: Encodable {
    var userId: UserID
    @Nullable var reason: String?
    @Nullable var until: Timestamp?
    @Nullable var bannedBy: UserID?
    var createdAt: Timestamp

    init(_ ban: RoomBan) {
        userId = ban.userID
        reason = ban.reason
        until = ban.until
        bannedBy = ban.bannedBy
        createdAt = ban.createdAt
    }

    init(account: Account, bannedBy: UserID?, at time: Timestamp) {
        userId = account.id
        reason = account.banReason
        until = account.bannedUntil
        self.bannedBy = bannedBy
        createdAt = account.bannedAt ?? time
    }
}
