import AMQP
import AsyncHTTPClient
import Auth
import EventBus
import Events
import Foundation
import Hummingbird
import Identifiers
import Logging
import NIOCore
import NIOHTTP1
import ParlorClient
import Redis
import ServiceLifecycle
import ServiceSupport
import Synchronization
import TestSupport

@testable import SignalingService

/// Signaling nodes in this process, real Redis and RabbitMQ, and stand-ins for the other services.
final class World: Sendable {
    static let secret = "a-secret-for-tests-that-is-long-enough-for-sha-256"
    let redis: RedisClient
    let house: FakeHouse
    let redisURL: String
    private let rabbitURL: String
    private let houseURL: String
    private let tokens: DevTokens
    private let extra: [String: String]
    private let logger: Logger

    init(
        redis: RedisClient, house: FakeHouse, redisURL: String, rabbitURL: String, houseURL: String, tokens: DevTokens,
        extra: [String: String]
    ) {
        self.redis = redis
        self.house = house
        self.redisURL = redisURL
        self.rabbitURL = rabbitURL
        self.houseURL = houseURL
        self.tokens = tokens
        self.extra = extra
        var logger = Logger.silent
        if ProcessInfo.processInfo.environment["TEST_LOGS"] != nil {
            logger = Logger(label: "signaling")
            logger.logLevel = .debug
        }
        self.logger = logger
    }

    /// Runs `body` with a world of its own; servers are those of the test process unless others are given.
    static func with(
        _ settings: [String: String] = [:], redis: RedisServer? = nil, rabbit: RabbitMQServer? = nil,
        _ body: @Sendable @escaping (World) async throws -> Void
    ) async throws {
        let broker: RabbitMQServer
        if let rabbit { broker = rabbit } else { broker = try await .shared() }
        try await broker.withVhost { rabbitURL in
            if let redis {
                try await run(settings, redisURL: redis.url, rabbitURL: rabbitURL, body)
            } else {
                try await RedisServer.shared().withDatabase { url in
                    try await run(settings, redisURL: url, rabbitURL: rabbitURL, body)
                }
            }
        }
    }

    private static func run(
        _ settings: [String: String], redisURL: String, rabbitURL: String,
        _ body: @Sendable @escaping (World) async throws -> Void
    ) async throws {
        let silent = Logger.silent
        let redis = RedisClient(try RedisConfiguration(url: redisURL), logger: silent)
        let publisher = AMQPPublisher(
            try AMQPConfiguration(url: rabbitURL, connectionName: "test"), topology: EventTopology.publishing,
            logger: silent)
        let house = FakeHouse(redis: redis, publisher: publisher)
        let port = Box<Int>()
        try await serving([redis, publisher, house.application { port.set($0) }]) {
            let housePort = try await port.value()
            _ = await redis.whenAvailable()
            try await eventually("the broker is there") { publisher.isAvailable }
            let world = World(
                redis: redis, house: house, redisURL: redisURL, rabbitURL: rabbitURL,
                houseURL: "http://127.0.0.1:\(housePort)",
                tokens: await DevTokens(secret: secret, issuer: nil, audience: nil), extra: settings)
            try await body(world)
        }
    }

    func person(_ name: String) async throws -> Person {
        let email = "\(name.lowercased())-\(UUID().uuidString)@example.org"
        let issued = try await tokens.issue(email: email, name: name, role: .user, plan: "free", at: .now())
        return Person(userId: issued.userID, name: name, token: issued.token, email: email.lowercased())
    }

    /// A token of the same person that ends at the given time, to the second.
    func token(of person: Person, until end: Timestamp) async throws -> String {
        let issued = try await tokens.issue(
            email: person.email, name: person.name, role: .user, plan: "free", at: end - DevTokens.lifetime)
        return issued.token
    }

    func people(_ count: Int) async throws -> [Person] {
        var people: [Person] = []
        for index in 0..<count { people.append(try await person("P\(index)")) }
        return people
    }

    /// Runs a node for the time of `body`; then it is stopped as a process would be that is killed, unless it drained.
    func withNode(
        _ name: String = "node-\(UUID().uuidString)", _ settings: [String: String] = [:],
        _ body: @Sendable @escaping (Node) async throws -> Void
    ) async throws {
        var environment = [
            "REDIS_URL": redisURL, "RABBITMQ_URL": rabbitURL, "DATABASE_URL": "postgres://localhost/none",
            "INTERNAL_TOKEN": "internal", "JWT_SECRET": Self.secret, "HTTP_PORT": "0", "NODE_NAME": name,
            "ROOM_URL": houseURL, "MESSAGE_URL": houseURL, "NOTIFICATION_URL": houseURL, "DRAIN_SECONDS": "2",
            "JOIN_BURST": "100000",
        ]
        environment.merge(extra) { _, new in new }
        environment.merge(settings) { _, new in new }
        let port = Box<Int>()
        let services = try await SignalingApp.services(
            Settings(environment: environment), logger: logger, onListening: { port.set($0) })
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0, successTerminationBehavior: .ignore) },
                logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let url = "http://127.0.0.1:\(try await port.value())"
            try await eventually("the node is ready") { try await Node.isReady(url) }
            try await body(Node(url: url, group: group))
            tasks.cancelAll()
            do { try await tasks.waitForAll() } catch is CancellationError {}
        }
    }
}

/// A signaling node in this process.
struct Node: Sendable {
    let url: String
    let group: ServiceGroup

    func connect(
        _ person: Person, _ room: RoomRef, after: Int? = nil, options: ParlorSocket.Options = .init()
    ) async throws -> Talker {
        let query = after.map { "?after=\($0)" } ?? ""
        return Talker(
            try await ParlorSocket.connect(
                url, "/ws/\(room.code)\(query)", token: .header(person.token), options: options))
    }

    func connect(_ path: String, _ token: ParlorSocket.TokenPlacement, options: ParlorSocket.Options = .init())
        async throws -> Talker
    {
        Talker(try await ParlorSocket.connect(url, path, token: token, options: options))
    }

    /// Joins, however often the node asks for another try.
    func joinInTheEnd(_ person: Person, _ room: RoomRef) async throws -> Talker {
        while true {
            let talker = try await connect(person, room)
            do {
                _ = try await talker.joined()
                return talker
            } catch let end as ClosedBefore {
                guard end.code == .unavailable else { throw end }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// As SIGTERM does.
    func drain() async { await group.triggerGracefulShutdown() }

    static func isReady(_ url: String) async throws -> Bool {
        guard let answer = try? await HTTPClient.shared.execute(.init(url: url + "/ready"), timeout: .seconds(2)) else {
            return false
        }
        let body = try await answer.body.collect(upTo: 4096)
        return answer.status == .ok && String(buffer: body).contains("\"status\":\"ready\"")
    }
}

/// A value that somebody will have.
final class Box<Value: Sendable>: Sendable {
    private let stored = Mutex<Value?>(nil)

    func set(_ value: Value) { stored.withLock { $0 = value } }

    func value() async throws -> Value {
        try await eventually("a value is there") { self.stored.withLock { $0 != nil } }
        return stored.withLock { $0 }!
    }
}
