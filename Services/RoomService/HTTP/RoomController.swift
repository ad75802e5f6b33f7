import Events
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers
import Logging
import ServiceSupport

/// Rooms themselves: make, list, read, change, end.
struct RoomController: Sendable {
    let store: RoomStore
    let limits: PlanLimits
    let idempotency: IdempotencyMiddleware
    let logger: Logger

    func add(to routes: RouterGroup<AppContext>) {
        routes.group("").add(middleware: idempotency).add(middleware: RefusalMiddleware()).post("rooms", use: create)
        routes.get("rooms", use: list)
        routes.get("rooms/:room", use: show)
        routes.patch("rooms/:room", use: update)
        routes.put("rooms/:room", use: update)
        routes.delete("rooms/:room", use: delete)
    }

    private struct CreateBody: Decodable {
        var name: String?
        var description: String?
        var kind: String?
        var type: String?
        var isPrivate: Bool?
        var genre: String?
        var maxParticipants: Int?

        var input: RoomDraft.Input {
            .init(
                kind: kind, type: type, isPrivate: isPrivate, name: name, description: description, genre: genre,
                maxParticipants: maxParticipants)
        }
    }

    @Sendable private func create(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let body = try await request.body(as: CreateBody.self, context)
        let draft = try RoomDraft(body.input, plan: caller.plan, limits: limits)
        let room: Room
        do {
            room = try await store.create(draft, by: caller) { room, transaction in
                try await context.idempotency?.keep(made(room), in: transaction)
            }
        } catch {
            RoomMetrics.creationFailed()
            throw error
        }
        logger.noteRoomCreated(room.code, by: caller.userID, isPrivate: room.type == .private)
        return try made(room)
    }

    private func made(_ room: Room) throws -> Response {
        var headers = HTTPFields.version(room.version)
        headers[.location] = "/rooms/\(room.code)"
        return try .json(store.views.whole(room, role: .owner), status: .created, headers: headers)
    }

    @Sendable private func list(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let query = Query(request)
        let status = try query.choice("status", as: RoomStore.StatusFilter.self) ?? .active
        let limit = try query.limit()
        let rooms = try await store.rooms(
            of: caller.userID, status: status, after: query.cursor(), limit: limit + 1)
        return try .json(
            Page(rooms, limit: limit) { room, role in
                store.views.whole(room, role: role)
            } position: { room, _ in
                RoomStore.ActivityPosition(at: room.lastActivityAt, id: room.id)
            })
    }

    @Sendable private func show(_ request: Request, context: AppContext) async throws -> Response {
        let (reference, user) = (try context.roomReference(), try context.who.userID)
        async let found = store.access(reference, user: user)
        // Asked beside the database and whatever that says: it costs no time, and tells strangers nothing.
        let isCached = await store.cache.contains(reference)
        let access = try await found
        let view: RoomView
        if let member = access.member {
            view = store.views.whole(access.room, role: member.role)
        } else {
            guard RoomPolicy.maySeePreview(type: access.room.type, cameByID: access.cameByID) else {
                throw Refusal.notAMember
            }
            view = store.views.preview(access.room)
        }
        // Whoever may see the room may well take a seat in it next.
        if !isCached { await store.cache.write([access.room]) }
        return try .json(view, headers: .version(access.room.version))
    }

    private struct UpdateBody: Decodable {
        var name: Patch<String>
        var description: Patch<String>
        var genre: Patch<String>
        var type: String?
        var isPrivate: Bool?
        var maxParticipants: Int?

        var changes: RoomChanges {
            RoomChanges(
                name: FieldChange(name), description: FieldChange(description), genre: FieldChange(genre), type: type,
                isPrivate: isPrivate, maxParticipants: maxParticipants)
        }
    }

    @Sendable private func update(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let access = try await store.access(context.roomReference(), user: caller.userID)
        try access.check(.update)
        let body = try await request.body(as: UpdateBody.self, context)
        let room = try await store.update(
            access.room.id, body.changes, by: caller, limits: limits, condition: .init(request))
        return try .json(store.views.whole(room, role: .owner), headers: .version(room.version))
    }

    @Sendable private func delete(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let access = try await store.access(context.roomReference(), user: caller.userID)
        try access.check(.delete)
        try await store.delete(access.room.id, by: caller.userID, condition: .init(request))
        return .noContent
    }
}

extension Logger {
    func noteRoomCreated(_ room: RoomCode, by user: UserID, isPrivate: Bool) {
        info(
            "room_created",
            metadata: [
                LogKeys.roomID: "\(room)", LogKeys.userID: "\(user)", "isPrivate": .stringConvertible(isPrivate),
            ])
    }
}

extension FieldChange where Value: Decodable {
    init(_ patch: Patch<Value>) {
        switch patch {
        case .absent: self = .keep
        case .null: self = .clear
        case .value(let value): self = .set(value)
        }
    }
}
