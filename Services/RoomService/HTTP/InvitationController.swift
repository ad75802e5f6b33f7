import Events
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers

/// Ways into rooms that are sent by mail.
struct InvitationController: Sendable {
    let store: RoomStore
    let seats: Seats
    let tokens: InvitationTokens
    let idempotency: IdempotencyMiddleware
    let limiter: RateLimiter
    let joinLimit: RateLimit
    let userLimit: RateLimit
    let addressLimit: RateLimit

    func add(to routes: RouterGroup<AppContext>) {
        routes.group("").add(middleware: idempotency).add(middleware: RefusalMiddleware())
            .post("rooms/:room/invite", use: invite)
        routes.get("rooms/:room/invitations", use: listOfRoom)
        routes.get("invitations", use: listOfMine)
        routes.post("invitations/accept", use: acceptByToken)
        routes.post("invitations/:invitation/accept", use: accept)
        routes.post("invitations/:invitation/decline", use: decline)
        routes.delete("invitations/:invitation", use: withdraw)
    }

    private struct InviteBody: Decodable { var email: String }

    @Sendable private func invite(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let access = try await store.access(context.roomReference(), user: caller.userID)
        try access.check(.invite)
        let body = try await request.body(as: InviteBody.self, context)
        let address = try EmailAddress.read(body.email, field: "email")
        let invited = try await store.invite(
            address, to: access.room.id, by: caller.userID, tokens: tokens
        ) {
            try await takeMail(from: caller.userID, to: address, context)
        } beforeCommit: { invited, transaction in
            try await context.idempotency?.keep(answer(invited), in: transaction)
        }
        return try answer(invited)
    }

    /// One mail of those that a user may send and an address may get; of neither where one of them may not.
    private func takeMail(from user: UserID, to address: EmailAddress, _ context: AppContext) async throws {
        try await context.limit(limiter, userLimit, subject: user.description)
        do { try await context.limit(limiter, addressLimit, subject: address.key) } catch {
            await limiter.giveBack(userLimit, subject: user.description)
            throw error
        }
    }

    private func answer(_ invited: Invited) throws -> Response {
        let view = invited.invitation.view(
            code: invited.room.code, roomName: invited.room.name, at: store.clock.now())
        return try .json(view, status: invited.isNew ? .created : .ok)
    }

    @Sendable private func listOfRoom(_ request: Request, context: AppContext) async throws -> Response {
        let access = try await store.access(context.roomReference(), user: context.who.userID)
        try access.check(.readMembers)
        let query = Query(request)
        let limit = try query.limit()
        let found = try await store.invitations(of: access.room.id, before: query.cursor(), limit: limit + 1)
        let now = store.clock.now()
        return try .json(
            Page(found, limit: limit) {
                $0.view(code: access.room.code, roomName: access.room.name, at: now)
            } position: {
                $0.id
            })
    }

    @Sendable private func listOfMine(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let query = Query(request)
        let limit = try query.limit()
        let position = try query.cursor(as: InvitationID.self)
        guard let address = caller.verifiedEmail else {
            return try .json(Page<InvitationView>(items: [], nextCursor: nil))
        }
        let found = try await store.pendingInvitations(to: address, before: position, limit: limit + 1)
        return try .json(
            Page(found, limit: limit) {
                $0
            } position: {
                $0.invitationId
            })
    }

    @Sendable private func accept(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        try await context.limit(limiter, joinLimit, subject: caller.userID.description)
        let id = try id(context)
        let room = try await store.room(of: id, addressedTo: caller)
        try await request.noFields(context)
        let joined = try await store.accept(id, by: caller, seatsTaken: await seats.count(room.code))
        return try .json(JoinedView(joined, views: store.views, now: store.clock.now()))
    }

    private struct TokenBody: Decodable { var token: String }

    @Sendable private func acceptByToken(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        try await context.limit(limiter, joinLimit, subject: caller.userID.description)
        let body = try await request.body(as: TokenBody.self, context)
        let joined = try await store.accept(token: body.token, by: caller) { await seats.count($0.code) }
        return try .json(JoinedView(joined, views: store.views, now: store.clock.now()))
    }

    @Sendable private func decline(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let id = try id(context)
        _ = try await store.room(of: id, addressedTo: caller)
        try await request.noFields(context)
        return try .json(try await store.decline(id, by: caller))
    }

    @Sendable private func withdraw(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        try await store.withdraw(id(context), by: caller)
        return .noContent
    }

    private func id(_ context: AppContext) throws -> InvitationID {
        try context.id("invitation", orElse: .invitationNotFound)
    }
}
