import AMQP
import EventBus
import Events
import Identifiers
import Logging
import Postgres
import ServiceLifecycle
import ServiceSupport
import Synchronization
import TestSupport

@testable import MessageService

/// A database, a vhost and a room service of a test's own, and instances of the message service on them.
struct Stage: Sendable {
    let databaseURL: String
    let brokerURL: String
    let redisURL: String
    let rooms: FakeRooms

    /// The services end when `body` does.
    static func run(
        instances: Int = 1, environment: [String: String] = [:], _ body: (Stage, [Instance]) async throws -> Void
    ) async throws {
        await Turnstile.shared.enter()
        defer { Turnstile.shared.leave() }
        let redis = try await RedisServer.shared()
        let broker = try await RabbitMQServer.shared()
        try await PostgresServer.withDatabase { database in
            try await broker.withVhost { vhost in
                try await redis.withDatabase { redisURL in
                    let stage = Stage(
                        databaseURL: database, brokerURL: vhost, redisURL: redisURL, rooms: FakeRooms())
                    var running: [Instance] = []
                    for _ in 0..<instances { running.append(try await stage.start(environment)) }
                    do {
                        try await body(stage, running)
                    } catch {
                        for instance in running { await instance.stop() }
                        throw error
                    }
                    for instance in running { await instance.stop() }
                }
            }
        }
    }

    /// One more instance; it serves when this returns.
    func start(_ environment: [String: String] = [:]) async throws -> Instance {
        let port = try LocalPort.free()
        var all = [
            "DATABASE_URL": databaseURL, "REDIS_URL": redisURL, "RABBITMQ_URL": brokerURL,
            "INTERNAL_TOKEN": Instance.internalToken, "HTTP_PORT": String(port), "AUTH_MODE": "gateway",
            "GATEWAY_SECRET": Instance.gatewaySecret, "ROOM_URL": "http://127.0.0.1:1",
            "REST_RATE": "100000", "REST_BURST": "100000", "MESSAGE_RATE": "100000", "MESSAGE_BURST": "100000",
        ]
        all.merge(environment) { _, new in new }
        let settings = Settings(environment: all)
        let configuration = MessageSettings(settings)
        try settings.finish()
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let parts = try MessageParts(configuration, facts: rooms, logger: logger)
        let services = try await parts.services()
        let group = ServiceGroup(configuration: .init(services: services.map { .init(service: $0) }, logger: logger))
        let task = Task { try await group.run() }
        let instance = Instance(port: port, parts: parts, group: group, task: task)
        try await eventually("the service listens") { LocalPort.accepts(port) }
        try await eventually("facts and commands can arrive") {
            services.allSatisfy {
                ($0 as? FactConsumer)?.isConnected ?? ($0 as? CommandConsumer)?.isConnected ?? true
            }
        }
        return instance
    }

    /// Publishes as the room service would.
    func publish(_ events: [Event]) async throws {
        try await withPublisher { publisher in
            let encoder = EventEncoder(source: "test")
            for event in events { try await publisher.publish([try encoder.encode(event)]).first?.get() }
        }
    }

    func withPublisher<T: Sendable>(_ body: @Sendable (AMQPPublisher) async throws -> T) async throws -> T {
        let publisher = AMQPPublisher(
            try AMQPConfiguration(url: brokerURL, connectionName: "test"), topology: EventTopology.publishing,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            try await eventually("the broker is reached") { publisher.isAvailable }
            let result = try await body(publisher)
            group.cancelAll()
            return result
        }
    }
}

extension TimelineStore {
    /// All was confirmed, and no room is left to the relay.
    var hasNothingToPublish: Bool {
        get async throws {
            guard try await publishingLag() == .zero else { return false }
            return try await relayedRooms(limit: 1).isEmpty
        }
    }
}

/// One running message service.
struct Instance: Sendable {
    static let internalToken = "internal-token-of-tests"
    static let gatewaySecret = "gateway-secret-of-tests"

    let port: Int
    let parts: MessageParts
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    init(port: Int, parts: MessageParts, group: ServiceGroup, task: Task<Void, any Error>) {
        self.port = port
        self.parts = parts
        self.group = group
        self.task = task
    }

    /// As SIGTERM does.
    func stop() async {
        await group.triggerGracefulShutdown()
        _ = await task.result
    }

    /// Without any goodbye, as far as one process can.
    func crash() async {
        task.cancel()
        _ = await task.result
    }
}

/// Lets few stages run at a time: each has a dozen connections and as many threads.
final class Turnstile: Sendable {
    static let shared = Turnstile(2)

    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ free: Int) { state = Mutex(State(free: free)) }

    func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
