import Events
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers

/// What other services ask of this one.
struct InternalController: Sendable {
    let store: RoomStore
    let accounts: Accounts
    let tokens: InvitationTokens
    let seats: Seats

    func add(to routes: RouterGroup<AppContext>) {
        routes.get("internal/rooms/:room/facts", use: facts)
        routes.get("internal/rooms/:room/admission/:user", use: admission)
        routes.post("internal/rooms/:room/cache", use: fillCache)
        routes.post("internal/rooms/sessions", use: sessions)
        routes.get("internal/users/:user", use: user)
        routes.get("internal/users/:user/rooms", use: rooms)
        routes.get("internal/users/:user/ban", use: accountBan)
        routes.get("internal/account-bans", use: accountBans)
        routes.get("internal/invitations/:invitation/mail", use: mail)
        routes.post("internal/searches", use: renewSearches)
    }

    @Sendable private func facts(_ request: Request, context: AppContext) async throws -> Response {
        let query = Query(request)
        let after = try query.int64("after") ?? 0
        let limit = try query.limit(default: 500, maximum: 5000)
        let room = try await store.room(context.roomReference())
        let items = try await FactTable.read(of: room.id, after: after, limit: limit, in: store.pool)
        // The room was read first: what was appended since is in the items, and so is their head.
        let head = max(room.factHead, items.last?.fact ?? 0)
        return try .json(InternalAPI.Facts(roomUuid: room.id, roomId: room.code, head: head, items: items))
    }

    @Sendable private func admission(_ request: Request, context: AppContext) async throws -> Response {
        let user = try context.id("user", as: UserID.self, orElse: .userNotFound)
        let access = try await store.access(context.roomReference(), user: user)
        let session = try await session(of: access.room)
        let view = store.views.whole(access.room, role: access.member?.role)
        let member = access.member?.view(at: store.clock.now())
        if let member {
            await store.cache.write(access.room, view, member)
        } else {
            await store.cache.write([access.room])
        }
        return try .json(
            InternalAPI.Admission(
                room: view, member: member,
                ban: access.ban.map { .init(reason: $0.reason, until: $0.until) }, facts: access.room.factHead,
                session: session))
    }

    /// Rooms without a session cost nothing.
    private func session(of room: Room) async throws -> SessionState? {
        guard let id = room.sessionID else { return nil }
        let seated = await seats.listeners(in: room.code)
        return try await store.snapshot(of: id, for: nil, seated: seated).state
    }

    @Sendable private func sessions(_ request: Request, context: AppContext) async throws -> Response {
        let ids = try await request.body(as: InternalAPI.SessionsRequest.self, context).rooms
        guard ids.count <= 1000 else { throw Problem.invalid("rooms", "must be at most 1000") }
        // The rooms are read first: a session that begins in between is later than the facts that are told.
        let rooms = try await store.rooms(ids)
        let live = try await store.liveSessions(in: rooms.filter { $0.sessionID != nil }.map(\.id))
        var states: [RoomID: SessionState] = [:]
        for session in live { states[session.room.id] = try session.state }
        return try .json(
            InternalAPI.Sessions(
                items: rooms.map { .init(roomUuid: $0.id, facts: $0.factHead, session: states[$0.id]) }))
    }

    @Sendable private func fillCache(_ request: Request, context: AppContext) async throws -> Response {
        await store.cache.write([try await store.room(context.roomReference())])
        return .noContent
    }

    @Sendable private func user(_ request: Request, context: AppContext) async throws -> Response {
        let id = try context.id("user", as: UserID.self, orElse: .userNotFound)
        guard let account = try await accounts.find(id) else { throw Problem(.userNotFound) }
        return try .json(
            InternalAPI.User(id: account.id, email: account.verifiedEmail, displayName: account.displayName))
    }

    @Sendable private func rooms(_ request: Request, context: AppContext) async throws -> Response {
        let id = try context.id("user", as: UserID.self, orElse: .userNotFound)
        return try .json(InternalAPI.UserRooms(items: try await store.activeRooms(of: id)))
    }

    @Sendable private func accountBan(_ request: Request, context: AppContext) async throws -> Response {
        let id = try context.id("user", as: UserID.self, orElse: .userNotFound)
        let account = try await accounts.find(id)
        guard let account, account.isBanned(at: accounts.clock.now()) else {
            return try .json(InternalAPI.AccountBan(banned: false, reason: nil, until: nil))
        }
        return try .json(
            InternalAPI.AccountBan(banned: true, reason: account.banReason, until: account.bannedUntil))
    }

    @Sendable private func accountBans(_ request: Request, context: AppContext) async throws -> Response {
        try .json(InternalAPI.AccountBans(items: try await accounts.bans()))
    }

    /// Who is there searches on.
    @Sendable private func renewSearches(_ request: Request, context: AppContext) async throws -> Response {
        let body = try await request.body(as: InternalAPI.Present.self, context)
        try await store.renewSearches(of: body.userIds)
        return .noContent
    }

    @Sendable private func mail(_ request: Request, context: AppContext) async throws -> Response {
        let id = try context.id("invitation", as: InvitationID.self, orElse: .invitationNotFound)
        return try .json(try await store.invitationMail(id, tokens: tokens))
    }
}
