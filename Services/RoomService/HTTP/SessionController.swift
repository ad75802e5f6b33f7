import Events
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers
import Logging
import ServiceSupport

/// Listening sessions: begin, find, join, steer, end.
struct SessionController: Sendable {
    let store: RoomStore
    let seats: Seats
    let limits: PlanLimits
    let idempotency: IdempotencyMiddleware
    let limiter: RateLimiter
    let joinLimit: RateLimit
    let logger: Logger

    func add(to routes: RouterGroup<AppContext>) {
        routes.group("").add(middleware: idempotency).add(middleware: RefusalMiddleware())
            .post("sessions", use: begin)
        routes.get("sessions/active", use: listActive)
        routes.get("sessions/recent/ended", use: listEnded)
        routes.get("sessions/:session", use: show)
        routes.post("sessions/:session/join", use: join)
        routes.post("sessions/:session/leave", use: leave)
        routes.post("sessions/:session/skip", use: skip)
        routes.post("sessions/:session/pause", use: pause)
        routes.post("sessions/:session/resume", use: resume)
        routes.patch("sessions/:session", use: update)
        routes.patch("sessions/:session/end", use: end)
    }

    // MARK: - Beginning

    private struct RoomBody: Decodable { var roomId: String? }

    private struct BeginBody: Decodable {
        var genre: String?
        var sessionName: String?
        var isPrivate: Bool?
        var initialTrack: TrackRef?
        var tags: [String]?

        var input: SessionDraft.Input {
            .init(genre: genre, name: sessionName, isPrivate: isPrivate, tags: tags, initialTrack: initialTrack)
        }
    }

    @Sendable private func begin(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        // The room and the caller's right there come before what else is wrong with the body.
        var request = request
        let buffer = try await request.wholeBody()
        request.body = .init(buffer: buffer)
        let room = try await request.body(as: RoomBody.self, context.beforeRights).roomId.map { text in
            guard let room = RoomReference(text) else { throw Refusal.roomNotFound }
            return room
        }
        request.body = .init(buffer: buffer)
        guard let room else { return try await beginInNewRoom(request, context, by: caller) }
        context.note(room: room)
        let access = try await store.access(room, user: caller.userID)
        try access.check(.listen)
        let draft = try SessionDraft(try await request.body(as: BeginBody.self, context).input)
        let begun = try await store.begin(
            draft, in: access.room.id, by: caller, seated: await seats.listeners(in: access.room.code)
        ) { begun, transaction in
            try await context.idempotency?.keep(made(begun), in: transaction)
        }
        return try made(begun)
    }

    private func beginInNewRoom(
        _ request: Request, _ context: AppContext, by caller: Caller
    ) async throws -> Response {
        let draft = try SessionDraft(try await request.body(as: BeginBody.self, context).input)
        let room = draft.room(limits: limits, plan: caller.plan)
        let begun: SessionSnapshot
        do {
            begun = try await store.begin(draft, inNew: room, by: caller) { begun, transaction in
                try await context.idempotency?.keep(made(begun), in: transaction)
            }
        } catch {
            RoomMetrics.creationFailed()
            throw error
        }
        logger.noteRoomCreated(begun.room.code, by: caller.userID, isPrivate: room.type == .private)
        return try made(begun)
    }

    private func made(_ begun: SessionSnapshot) throws -> Response {
        try .json(begun.view, status: .created, headers: [.location: "/sessions/\(begun.view.id)"])
    }

    // MARK: - Finding

    @Sendable private func listActive(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let query = Query(request)
        let genre = try query.string("genre")
        let limit = try query.limit()
        let found = try await store.activeSessions(
            for: caller.userID, genre: genre, after: query.cursor(), limit: limit + 1)
        return try .json(
            Page(found, limit: limit) {
                $0.view
            } position: {
                RoomStore.SessionPosition(at: $0.view.createdAt, id: $0.view.id)
            })
    }

    @Sendable private func listEnded(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let query = Query(request)
        let limit = try query.limit()
        let found = try await store.endedSessions(for: caller.userID, after: query.cursor(), limit: limit + 1)
        return try .json(
            Page(found, limit: limit) {
                $0.view
            } position: {
                RoomStore.SessionPosition(at: $0.view.endedAt ?? $0.view.createdAt, id: $0.view.id)
            })
    }

    @Sendable private func show(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let access = try await store.access(context.session, user: caller.userID)
        try access.check(.read)
        return try .json(
            try await store.snapshot(
                of: access.session.id, for: caller.userID, seated: await seats.listeners(in: access.room.room.code)
            ).view)
    }

    // MARK: - Coming and going

    @Sendable private func join(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        try await context.limit(limiter, joinLimit, subject: caller.userID.description)
        let access = try await store.access(
            context.session, user: caller.userID, verifiedEmail: caller.verifiedEmail)
        try access.checkJoin()
        try await request.noFields(context)
        let code = access.room.room.code
        let seated = await seats.listeners(in: code)
        let seatsTaken: Int? = if case .known(let users) = seated { users.count } else { nil }
        return try .json(
            try await store.join(access, by: caller, seatsTaken: seatsTaken, seated: seated).view)
    }

    @Sendable private func leave(_ request: Request, context: AppContext) async throws -> Response {
        let (access, caller, seated) = try await begun(.takePart, request, context)
        try await request.noFields(context)
        try await store.leave(access, by: caller, seated: seated)
        return .noContent
    }

    // MARK: - Steering

    private struct SkipBody: Decodable { var expectedItemId: QueueItemID? }

    @Sendable private func skip(_ request: Request, context: AppContext) async throws -> Response {
        let (access, caller, seated) = try await begun(.skip, request, context)
        let body = try await request.body(as: SkipBody.self, context)
        return try .json(try await store.skip(body.expectedItemId, in: access, by: caller, seated: seated).view)
    }

    @Sendable private func pause(_ request: Request, context: AppContext) async throws -> Response {
        try await setPaused(true, request, context)
    }

    @Sendable private func resume(_ request: Request, context: AppContext) async throws -> Response {
        try await setPaused(false, request, context)
    }

    private func setPaused(_ isPaused: Bool, _ request: Request, _ context: AppContext) async throws -> Response {
        let (access, caller, seated) = try await begun(.steer, request, context)
        try await request.noFields(context)
        return try .json(try await store.setPaused(isPaused, in: access, by: caller, seated: seated).view)
    }

    private struct UpdateBody: Decodable { var currentDJId: Patch<UserID> }

    @Sendable private func update(_ request: Request, context: AppContext) async throws -> Response {
        let (access, caller, seated) = try await begun(.host, request, context)
        let body = try await request.body(as: UpdateBody.self, context)
        if body.currentDJId.isAbsent {
            return try .json(try await store.snapshot(of: access.session.id, for: caller, seated: seated).view)
        }
        return try .json(
            try await store.setDJ(body.currentDJId.given, in: access, by: caller, seated: seated).view)
    }

    @Sendable private func end(_ request: Request, context: AppContext) async throws -> Response {
        let (access, caller, seated) = try await begun(.host, request, context)
        try await request.noFields(context)
        return try .json(try await store.endSession(access, by: caller, seated: seated).view)
    }

    /// What every call on a session begins with: the session, the caller's right, the session's end.
    private func begun(
        _ action: SessionAction, _ request: Request, _ context: AppContext
    ) async throws -> (access: SessionAccess, caller: UserID, seated: Seated) {
        let caller = try context.who
        let access = try await store.access(context.session, user: caller.userID)
        try access.check(action)
        try access.checkLive()
        return (access, caller.userID, await seats.listeners(in: access.room.room.code))
    }
}

extension AppContext {
    /// The session that the path names.
    var session: SessionID { get throws { try id("session", orElse: .sessionNotFound) } }
}
