import Events
import HTTPSupport
import Hummingbird
import Identifiers
import Logging
import ServiceSupport

/// One's own membership, and what members see of a room as a whole.
struct MembershipController: Sendable {
    let store: RoomStore
    let seats: Seats
    let presence: PresenceTable
    let messages: InternalClient
    let iceServers: IceServers
    let limiter: RateLimiter
    let joinLimit: RateLimit

    func add(to routes: RouterGroup<AppContext>) {
        routes.post("rooms/:room/join", use: join)
        routes.post("rooms/:room/leave", use: leave)
        routes.get("rooms/:room/participants", use: participants)
        routes.get("rooms/:room/stats", use: stats)
        routes.get("rooms/:room/ice-servers", use: showIceServers)
    }

    @Sendable private func join(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        try await context.limit(limiter, joinLimit, subject: caller.userID.description)
        let access = try await store.access(
            context.roomReference(), user: caller.userID, verifiedEmail: caller.verifiedEmail)
        try access.check(.join)
        try await request.noFields(context)
        let taken = access.member == nil ? await seats.count(access.room.code) : nil
        let joined = try await store.join(access, by: caller, seatsTaken: taken)
        return try .json(JoinedView(joined, views: store.views, now: store.clock.now()))
    }

    private struct Left: Encodable {
        var roomId: RoomCode
        var userId: UserID
        var leftAt: Timestamp
    }

    @Sendable private func leave(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let access = try await store.access(context.roomReference(), user: caller.userID)
        try access.check(.leave)
        try await request.noFields(context)
        let leftAt = try await store.leave(access.room.id, by: caller.userID)
        await messages.hearFacts(of: access.room.id)
        return try .json(Left(roomId: access.room.code, userId: caller.userID, leftAt: leftAt))
    }

    @Sendable private func participants(_ request: Request, context: AppContext) async throws -> Response {
        let access = try await store.access(context.roomReference(), user: context.who.userID)
        try access.check(.readMembers)
        let query = Query(request)
        let limit = try query.limit()
        let members = try await store.members(of: access.room.id, after: query.cursor(), limit: limit + 1)
        let now = store.clock.now()
        let online = try await online(members.map(\.userID), in: access.room)
        let page = try Page(members, limit: limit) { member in
            ParticipantItem(member: member.view(at: now), isOnline: online.contains(member.userID))
        } position: {
            $0.joinedFact
        }
        return try .json(Participants(page: page, asOf: now))
    }

    private struct Stats: Encodable {
        var memberCount: Int
        var participantCount: Int
        var peakParticipants: Int
        var messageCount: Int64
        var sessionCount: Int
        var lastActivityAt: Timestamp
    }

    @Sendable private func stats(_ request: Request, context: AppContext) async throws -> Response {
        let access = try await store.access(context.roomReference(), user: context.who.userID)
        try access.check(.readMembers)
        let room = access.room
        // The message service knows best; while it is away, what its events told stands.
        async let summary = try? withDeadline(.milliseconds(500)) { [messages] in
            try await messages.get("/internal/rooms/\(room.id)/summary", as: InternalAPI.RoomSummary.self)
        }
        let seatsTaken = await seats.count(room.code) ?? room.participantCount
        let told = await summary
        return try .json(
            Stats(
                memberCount: room.memberCount, participantCount: seatsTaken,
                peakParticipants: max(room.peakParticipants, seatsTaken),
                messageCount: told?.messageCount ?? room.messageCount, sessionCount: room.sessionCount,
                lastActivityAt: max(room.lastActivityAt, told?.lastMessageAt ?? room.lastActivityAt)))
    }

    @Sendable private func showIceServers(_ request: Request, context: AppContext) async throws -> Response {
        let user = try context.who.userID
        let access = try await store.access(context.roomReference(), user: user)
        try access.check(.iceServers)
        guard try await online([user], in: access.room).contains(user) else { throw Refusal.forbidden }
        return try .json(iceServers.answer(for: user, at: store.clock.now()))
    }

    /// Who of `users` holds a seat: by Redis, else by what presence events told.
    private func online(_ users: [UserID], in room: Room) async throws -> Set<UserID> {
        if let online = await seats.holders(of: room.code, among: users) { return online }
        return try await presence.users(in: room.id, among: users)
    }
}

/// What joining answers.
struct JoinedView: Encodable {
    var room: RoomView
    var member: MemberView

    init(_ joined: Joined, views: RoomViews, now: Timestamp) {
        room = views.whole(joined.room, role: joined.member.role)
        member = joined.member.view(at: now)
    }
}

/// A member as the list of participants shows them.
struct ParticipantItem: Encodable {
    var member: MemberView
    var isOnline: Bool

    private enum Field: String, CodingKey { case isOnline }

    func encode(to encoder: any Encoder) throws {
        try member.encode(to: encoder)
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(isOnline, forKey: .isOnline)
    }
}

private struct Participants: Encodable {
    var page: Page<ParticipantItem>
    var asOf: Timestamp

    private enum Field: String, CodingKey { case asOf }

    func encode(to encoder: any Encoder) throws {
        try page.encode(to: encoder)
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(asOf, forKey: .asOf)
    }
}

extension InternalClient {
    /// Has the message service hear of who left before they hear that they did: whoever comes back at once is then asked
    /// about, and finds their coming in the timeline. Where it cannot be told now, the fact comes by the broker.
    func hearFacts(of room: RoomID) async { try? await send(.post, "/internal/rooms/\(room)/facts") }
}
