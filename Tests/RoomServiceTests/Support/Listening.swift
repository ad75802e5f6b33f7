import Events
import HTTPTypes
import Identifiers
import Logging
import Postgres
import Testing
import TestSupport

@testable import RoomService

/// A session in a public chat room: its host, and listeners who joined and sit in the room.
struct Listening: Sendable {
    let rooms: TestRooms
    let host: TestUser
    let room: String
    let id: String
    var listeners: [TestUser] = []

    /// - Parameter track: how long the first one is; `nil` begins in silence.
    init(_ rooms: TestRooms, listeners count: Int = 0, track length: Int? = nil, type: String = "public") async throws {
        self.rooms = rooms
        host = try await rooms.user("host")
        room = try await rooms.room(host, ["kind": "chat", "name": "Club", "type": .string(type)])
        try await rooms.seat([host.id], in: room)
        var fields: [String: JSONValue] = ["genre": "jazz", "roomId": .string(room)]
        if let length { fields["initialTrack"] = Self.track("first", length) }
        let answer = try await rooms.call(.post, "/sessions", as: host, body: fields)
        guard let id = answer.json["id"].string else { throw Unexpected(answer: answer) }
        self.id = id
        for number in 0..<count { listeners.append(try await listener("listener\(number)")) }
    }

    static func track(_ title: String, _ length: Int? = nil) -> JSONValue {
        .object([
            "provider": "tape", "id": .string(title), "title": .string(title),
            "durationMs": length.map { .integer(Int64($0)) } ?? .null,
        ])
    }

    /// Somebody who joined the session and sits in the room.
    func listener(_ name: String) async throws -> TestUser {
        let user = try await rooms.user(name)
        let answer = try await call(.post, "/join", as: user)
        guard answer.status == 200 else { throw Unexpected(answer: answer) }
        try await rooms.seat([user.id], in: room)
        return user
    }

    @discardableResult
    func call(
        _ method: HTTPRequest.Method, _ path: String = "", as user: TestUser, body: [String: JSONValue]? = nil
    ) async throws -> Answer {
        try await rooms.call(method, "/sessions/\(id)\(path)", as: user, body: body)
    }

    /// - Returns: the item's id.
    @discardableResult
    func queue(_ title: String, _ length: Int? = 60_000, as user: TestUser? = nil) async throws -> String {
        let answer = try await call(.post, "/queue", as: user ?? host, body: ["trackRef": Self.track(title, length)])
        guard answer.status == 201, let id = answer.json["id"].string else { throw Unexpected(answer: answer) }
        return id
    }

    @discardableResult
    func vote(_ type: String, _ item: String, as user: TestUser) async throws -> Answer {
        try await call(.post, "/queue/\(item)/vote", as: user, body: ["voteType": .string(type)])
    }

    func skip(_ expected: String? = nil, as user: TestUser) async throws -> Answer {
        try await call(.post, "/skip", as: user, body: expected.map { ["expectedItemId": .string($0)] })
    }

    func session(as user: TestUser? = nil) async throws -> JSONValue { try await call(.get, as: user ?? host).json }

    /// The title of what plays.
    func playing() async throws -> String? { try await session()["nowPlaying"]["item"]["trackRef"]["title"].string }

    /// The titles of what waits.
    func waiting() async throws -> [String] {
        try await call(.get, "/queue", as: host).json.items.compactMap { $0["trackRef"]["title"].string }
    }

    func facts() async throws -> [RoomFact] {
        try await FactTable.read(of: rooms.id(of: room), after: 0, limit: 1000, in: rooms.app.store.pool)
    }

    func facts(_ type: TimelineType) async throws -> [RoomFact] { try await facts().filter { $0.body.type == type } }

    var clock: SessionClock {
        SessionClock(store: rooms.app.store, seats: rooms.app.seats, health: rooms.app.health, logger: .silent)
    }

    /// As if the track that plays had been over for a while.
    func passEnd() async throws {
        try await rooms.app.store.pool.execute(
            """
            UPDATE sessions SET started_at = started_at - interval '1 hour', due_at = due_at - interval '1 hour'
            WHERE id = \(SessionID(id))
            """)
    }
}
