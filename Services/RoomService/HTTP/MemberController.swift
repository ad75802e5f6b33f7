import Events
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers

/// Members and how moderators treat them.
struct MemberController: Sendable {
    let store: RoomStore
    let messages: InternalClient

    func add(to routes: RouterGroup<AppContext>) {
        routes.get("rooms/:room/members", use: list)
        routes.post("rooms/:room/members", use: addMember)
        routes.patch("rooms/:room/members/:user", use: update)
        routes.delete("rooms/:room/members/:user", use: remove)
    }

    @Sendable private func list(_ request: Request, context: AppContext) async throws -> Response {
        let access = try await store.access(context.roomReference(), user: context.who.userID)
        try access.check(.readMembers)
        let query = Query(request)
        let limit = try query.limit()
        let members = try await store.members(of: access.room.id, after: query.cursor(), limit: limit + 1)
        let now = store.clock.now()
        return try .json(
            Page(members, limit: limit) {
                $0.view(at: now)
            } position: {
                $0.joinedFact
            })
    }

    private struct AddBody: Decodable { var userId: UserID }

    @Sendable private func addMember(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let access = try await store.access(context.roomReference(), user: caller.userID)
        try access.check(.moderate)
        let body = try await request.body(as: AddBody.self, context)
        let joined = try await store.addMember(body.userId, to: access.room.id, by: caller.userID)
        return try .json(joined.member.view(at: store.clock.now()), status: joined.isNew ? .created : .ok)
    }

    private struct UpdateBody: Decodable {
        var role: String?
        var isMuted: Bool?
        var mutedUntil: Patch<Timestamp>
    }

    @Sendable private func update(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let access = try await store.access(context.roomReference(), user: caller.userID)
        let target = try await target(access, context, by: caller)
        let body = try await request.body(as: UpdateBody.self, context)
        // Who may not give roles is told so, whatever role it was.
        if body.role != nil { try access.check(.giveRoles) }
        let role = try body.role.map { text in
            guard let role = MemberRole(rawValue: text) else {
                throw Problem.invalid("role", "must be owner, moderator or member")
            }
            return role
        }
        let changes = MemberChanges(role: role, isMuted: body.isMuted, mutedUntil: FieldChange(body.mutedUntil))
        return try .json(
            try await store.updateMember(target, in: access.room.id, changes, by: caller.userID))
    }

    @Sendable private func remove(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let access = try await store.access(context.roomReference(), user: caller.userID)
        let target = try await target(access, context, by: caller)
        try await store.removeMember(target, from: access.room.id, by: caller.userID)
        await messages.hearFacts(of: access.room.id)
        return .noContent
    }

    /// The member a path names, in the order of checks: the right, the member, the ranks, the room's end.
    private func target(_ access: RoomAccess, _ context: AppContext, by caller: Caller) async throws -> UserID {
        guard let role = access.member?.role else { throw Refusal.notAMember }
        guard role >= .moderator else { throw Refusal.forbidden }
        let user = try context.id("user", as: UserID.self, orElse: .userNotFound)
        guard let target = try await store.member(user, of: access.room.id) else { throw Refusal.userNotFound }
        try RoomPolicy.checkRank(actor: role, target: target.role)
        try access.check(.moderate)
        return user
    }
}
