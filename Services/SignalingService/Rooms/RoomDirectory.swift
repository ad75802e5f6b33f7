import Events
import Foundation
import HTTPSupport
import HTTPTypes
import Identifiers
import Redis

/// What the room service knows: who may enter, and what the room's object in Redis must say.
struct RoomDirectory: Sendable {
    /// Beyond that the room service is asked instead.
    private static let patience: Duration = .milliseconds(250)

    let rooms: InternalClient
    private let redis: RedisClient
    private let door = Turnstile(width: 32)

    init(rooms: InternalClient, redis: RedisClient) {
        self.rooms = rooms
        self.redis = redis
    }

    /// Who a user is to a room. Asking also puts the room's object into Redis where it is missing.
    func admission(_ room: RoomReference, _ userId: UserID) async throws -> InternalAPI.Admission {
        try await door.pass { try await rooms.get("/internal/rooms/\(room)/admission/\(userId)") }
    }

    /// How the sessions of rooms stand; rooms that are not there are left out.
    func sessions(of rooms: [RoomID]) async throws(InternalCallError) -> [InternalAPI.Sessions.Item] {
        let answer: InternalAPI.Sessions = try await self.rooms.post(
            "/internal/rooms/sessions", InternalAPI.SessionsRequest(rooms: rooms))
        return answer.items
    }

    /// The same of a member as the room's slot has it, which is as old as its facts; `nil` where it does not say. It knows
    /// nothing of sessions.
    func remembered(_ code: RoomCode, _ userId: UserID) async -> InternalAPI.Admission? {
        let command = RedisCommand("HMGET", RoomSlot.members(code), "facts", "room", userId.description)
        guard redis.isAnswering, let fields = try? await redis.send(command, patience: Self.patience).array,
            fields.count == 3, let facts = fields[0].int, let room = fields[1].bytes, let member = fields[2].bytes,
            let view = try? WireJSON.decode(RoomView.self, from: room),
            let member = try? WireJSON.decode(MemberView.self, from: member)
        else { return nil }
        // Whose time is up is ended by the room service, when it is asked.
        guard view.expiresAt.map({ $0 > .now() }) ?? true else { return nil }
        return InternalAPI.Admission(room: view, member: member, ban: nil, facts: Int64(facts))
    }

    func refill(_ room: RoomCode) async throws(InternalCallError) {
        try await rooms.send(.post, "/internal/rooms/\(room)/cache")
    }

    func rooms(of userId: UserID) async throws(InternalCallError) -> [RoomRef] {
        let answer: InternalAPI.UserRooms = try await rooms.get("/internal/users/\(userId)/rooms")
        return answer.items.map { RoomRef(id: $0.roomUuid, code: $0.roomId) }
    }

    /// Whether the room service, too, finds Redis away; `nil` where it cannot be asked.
    func findsRedisAway() async -> Bool? {
        await rooms.dependencies()?["redis"].map { $0 != "up" }
    }
}
