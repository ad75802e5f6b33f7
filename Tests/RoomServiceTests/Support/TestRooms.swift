import AMQP
import EventBus
import Events
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Identifiers
import Logging
import NIOCore
import Postgres
import Redis
import ServiceSupport
import TestSupport
import Testing

@testable import RoomService

/// A room service in this process, on a database and a Redis of its own, called without sockets.
///
/// There is no broker unless a test brings one: then events wait in the outbox, and everything else works.
struct TestRooms: Sendable {
    let app: RoomApp
    let client: any TestClientProtocol
    let clock: ManualClock
    let redis: RedisClient

    /// The server has a hundred connections for all.
    private static let slots = Slots(4)

    /// - Parameter patience: how long Redis may take before the service goes on without it. Tests that need what is in
    ///   Redis wait for it, however busy the machine is.
    static func run(
        _ environment: [String: String] = [:], patience: Duration = .seconds(60),
        search: DiscoveryStrategy.Limits = RoomStore.searchLimits,
        _ body: @escaping @Sendable (TestRooms) async throws -> Void
    ) async throws {
        try await slots.withSlot {
            try await PostgresServer.withDatabase { database in
                try await RedisServer.shared().withDatabase { redisURL in
                    let url = environment["REDIS_URL"] ?? redisURL
                    try await run(
                        environment.merging(["DATABASE_URL": database, "REDIS_URL": url]) { $1 }, patience: patience,
                        search: search, with: body)
                }
            }
        }
    }

    /// The same, with taps on the wires to the database and to Redis.
    static func runTapped(
        _ body: @escaping @Sendable (_ rooms: TestRooms, _ database: WireTap, _ cache: WireTap) async throws -> Void
    ) async throws {
        try await slots.withSlot {
            try await PostgresServer.withDatabase { database in
                try await RedisServer.shared().withDatabase { cache in
                    try await WireTap.run(.postgres, before: database) { database, databaseURL in
                        try await WireTap.run(.redis, before: cache) { cache, redisURL in
                            try await run(
                                ["DATABASE_URL": databaseURL, "REDIS_URL": redisURL],
                                with: { try await body($0, database, cache) })
                        }
                    }
                }
            }
        }
    }

    private static func run(
        _ environment: [String: String], patience: Duration = .seconds(60),
        search: DiscoveryStrategy.Limits = RoomStore.searchLimits,
        with body: @escaping @Sendable (TestRooms) async throws -> Void
    ) async throws {
        let defaults = [
            "RABBITMQ_URL": "amqp://127.0.0.1:1", "INTERNAL_TOKEN": "internal", "DEV_AUTH": "true",
            "JWT_SECRET": "a secret that only tests know, long enough", "MESSAGE_URL": "http://127.0.0.1:1",
            "REST_BURST": "100000", "JOIN_BURST": "100000", "DATABASE_POOL_SIZE": "6",
            "TURN_URLS": "turn:turn.example.test:3478", "TURN_SECRET": "turn secret",
        ]
        let settings = Settings(environment: defaults.merging(environment) { $1 })
        let clock = ManualClock()
        let app = try RoomApp(
            try RoomSettings.read(settings), clock: clock.source, patience: patience, search: search, logger: .silent)
        try await app.migrate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await app.redis.run() }
            group.addTask { try await app.publisher.run() }
            group.addTask { try await app.store.outbox.run() }
            defer { group.cancelAll() }
            if environment["REDIS_URL"] != "redis://127.0.0.1:1" { _ = await app.redis.whenAvailable() }
            try await app.server().test(.router) { client in
                try await body(TestRooms(app: app, client: client, clock: clock, redis: app.redis))
            }
        }
    }
}

/// Somebody with a token.
struct TestUser: Sendable {
    var id: UserID
    var email: String
    var token: String
}

/// An answer, read as JSON.
struct Answer: Sendable {
    var status: Int
    var headers: HTTPFields
    var json: JSONValue

    var code: String? { json["code"].string }
}

extension TestRooms {
    func user(
        _ name: String = "user", role: String = "user", plan: String = "free"
    ) async throws -> TestUser {
        let email = "\(name)-\(UUID().uuidString.lowercased())@example.test"
        return try await user(email: email, name: name, role: role, plan: plan)
    }

    func user(email: String, name: String = "user", role: String = "user", plan: String = "free") async throws
        -> TestUser
    {
        let answer = try await call(
            .post, "/auth/dev-token",
            body: ["email": .string(email), "name": .string(name), "role": .string(role), "plan": .string(plan)])
        return TestUser(
            id: UserID(answer.json["userId"].string ?? "") ?? .new(), email: email,
            token: answer.json["token"].string ?? "")
    }

    @discardableResult
    func call(
        _ method: HTTPRequest.Method, _ path: String, as user: TestUser? = nil, body: [String: JSONValue]? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        let text = try body.map { String(decoding: try WireJSON.encode($0), as: UTF8.self) }
        return try await send(method, path, as: user, text: text, headers: headers)
    }

    @discardableResult
    func send(
        _ method: HTTPRequest.Method, _ path: String, as user: TestUser? = nil, text: String?,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        var fields = HTTPFields()
        if let user { fields[.authorization] = "Bearer \(user.token)" }
        if text != nil { fields[.contentType] = "application/json" }
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        let response = try await client.executeRequest(
            uri: path, method: method, headers: fields, body: text.map { ByteBuffer(string: $0) })
        let bytes = Array(response.body.readableBytesView)
        let answer = Answer(
            status: response.status.code, headers: response.headers,
            json: bytes.isEmpty ? .null : (try? WireJSON.decode(from: bytes)) ?? .null)
        let faults = try OpenAPIDocument.shared.faults(
            in: .init(
                method.rawValue, path, request: text.map { Array($0.utf8) }, status: answer.status,
                contentType: response.headers[.contentType], answer: bytes))
        #expect(faults.isEmpty, "\(method) \(path): the answer is not as documented")
        return answer
    }

    /// What another service asks.
    func ask(_ method: HTTPRequest.Method, _ path: String) async throws -> Answer {
        try await send(method, path, text: nil, headers: ["Authorization": "Bearer internal"])
    }

    /// A room's code.
    func room(_ owner: TestUser, _ fields: [String: JSONValue] = [:]) async throws -> String {
        let answer = try await call(.post, "/rooms", as: owner, body: fields)
        guard let code = answer.json["roomId"].string else { throw Unexpected(answer: answer) }
        return code
    }

    func join(_ user: TestUser, _ room: String) async throws {
        let answer = try await call(.post, "/rooms/\(room)/join", as: user)
        guard answer.status == 200 else { throw Unexpected(answer: answer) }
    }

    func id(of room: String) async throws -> RoomID {
        guard let code = RoomCode(room) else { throw Unexpected(answer: nil) }
        return try await app.store.room(.code(code)).id
    }

    /// Gives users seats in a room, as signaling would.
    func seat(_ users: [UserID], in room: String) async throws {
        for user in users {
            let lease = Timestamp.now().millisecondsSinceEpoch + 600_000
            _ = try await redis.send(RedisCommand("ZADD", "{room:\(room)}:seats", lease, user.description))
        }
    }

    func sql(_ query: PGQuery) async throws -> [PGRow] { try await app.store.pool.query(query) }
}

/// What a test did not reckon with.
struct Unexpected: Error {
    var answer: Answer?
}

extension JSONValue {
    subscript(_ field: String) -> JSONValue {
        if case .object(let fields) = self { fields[field] ?? .null } else { .null }
    }

    subscript(_ index: Int) -> JSONValue {
        if case .array(let items) = self, items.indices.contains(index) { items[index] } else { .null }
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }
    var int: Int? { if case .integer(let value) = self { Int(value) } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var items: [JSONValue] { if case .array(let items) = self["items"] { items } else { [] } }
    var fields: Set<String> { if case .object(let fields) = self { Set(fields.keys) } else { [] } }
}
