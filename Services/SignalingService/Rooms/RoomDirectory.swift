import Events
import Foundation
import HTTPSupport
import HTTPTypes
import Identifiers

/// What the room service knows: who may enter, and what the room's object in Redis must say.
struct RoomDirectory: Sendable {
    let rooms: InternalClient
    private let door = Turnstile(width: 32)

    init(rooms: InternalClient) { self.rooms = rooms }

    struct Admission: Sendable {
        var view: InternalAPI.Admission
        /// The live session with its queue, as JSON, where there is one.
        var session: [UInt8]?
    }

    /// Who a user is to a room. Asking also puts the room's object into Redis where it is missing.
    func admission(_ room: RoomReference, _ userId: UserID) async throws -> Admission {
        let bytes = try await door.pass { try await rooms.getBytes("/internal/rooms/\(room)/admission/\(userId)") }
        guard let object = JSONObject(bytes), let view = try? WireJSON.decode(InternalAPI.Admission.self, from: bytes)
        else { throw InternalCallError.unavailable("the admission cannot be read") }
        return Admission(view: view, session: object["session"].map { Array(object.raw($0)) })
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
