import AMQP
import AsyncHTTPClient
import Auth
import EventBus
import Events
import Foundation
import Identifiers
import Logging
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
@testable import NotificationWorker
import Postgres
import ServiceLifecycle
import ServiceSupport
import Synchronization
import TestSupport
import Testing

/// The worker in this process, or as processes of its own, with a database, a vhost and a room service to itself.
final class Worker: Sendable {
    let rooms = RoomServiceStandIn()
    let events = EventLog()
    let mailDirectory: URL
    let pool: PGPool
    let environment: [String: String]
    private let publisher: AMQPPublisher
    private let port: Int

    static let secret = "a-secret-for-tests-of-32-characters"

    private init(
        _ environment: [String: String], port: Int, mailDirectory: URL, pool: PGPool, publisher: AMQPPublisher
    ) {
        self.environment = environment
        self.port = port
        self.mailDirectory = mailDirectory
        self.pool = pool
        self.publisher = publisher
    }

    /// Runs `body` beside a worker that has started.
    /// - Parameter isProcess: the worker is the built executable instead, started by `body` with `launch()`.
    static func run(
        _ extra: [String: String] = [:], isProcess: Bool = false,
        _ body: @escaping @Sendable (Worker) async throws -> Void
    ) async throws {
        try await turns.take { try await runWithServers(extra, isProcess: isProcess, body) }
    }

    /// The machine is shared by all tests of the process; too many workers at once only wait for each other.
    private static let turns = Turns(3)

    private static func runWithServers(
        _ extra: [String: String], isProcess: Bool, _ body: @escaping @Sendable (Worker) async throws -> Void
    ) async throws {
        let redis = try await RedisServer.shared()
        try await PostgresServer.withDatabase { database in
            try await RabbitMQServer.shared().withVhost { broker in
                let port = try LocalPort.free()
                let mails = FileManager.default.temporaryDirectory.appending(path: "parlor-mails-\(UUID())")
                try FileManager.default.createDirectory(at: mails, withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(at: mails) }
                let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                let amqp = try AMQPConfiguration(url: broker, connectionName: "test")
                let pool = PGPool(PGConfiguration(url: database, schema: "notifications"), logger: quiet)
                let publisher = AMQPPublisher(amqp, topology: EventTopology.publishing, logger: quiet)
                // Tests that kill wait for its end; in the others a stall of the machine must not look like a death.
                let lease = isProcess ? "5" : "120"
                let environment = [
                    "DATABASE_URL": database, "RABBITMQ_URL": broker, "REDIS_URL": redis.url, "HTTP_PORT": "\(port)",
                    "INTERNAL_TOKEN": "internal", "JWT_SECRET": secret, "PUBLIC_URL": "https://parlor.test",
                    "MAIL_DIR": mails.path, "MAIL_FROM": "Parlor <noreply@parlor.test>", "MAIL_LEASE_SECONDS": lease,
                    "LOG_LEVEL": "notice", "DATABASE_POOL_SIZE": "4",
                ]
                let worker = Worker(
                    environment.merging(extra) { $1 }, port: port, mailDirectory: mails, pool: pool,
                    publisher: publisher)
                try await worker.runParts(amqp, quiet, isProcess: isProcess, body)
            }
        }
    }

    private func runParts(
        _ amqp: AMQPConfiguration, _ logger: Logger, isProcess: Bool,
        _ body: @escaping @Sendable (Worker) async throws -> Void
    ) async throws {
        let roomsPort = Mutex(0)
        let subscription = EventSubscription(
            name: "test", bindings: ["invitation.delivery_changed.*", "notification.created.*"], amqp: amqp,
            logger: logger
        ) { [events] in events.append($0) }
        let roomService = rooms.application { port in roomsPort.withLock { $0 = port } }
        try await Self.running([pool, publisher, subscription, roomService]) {
            try await eventually("the parts are there") {
                roomsPort.withLock { $0 } != 0 && self.publisher.isAvailable && subscription.isConnected
            }
            self.events.note(roomsURL: "http://127.0.0.1:\(roomsPort.withLock { $0 })")
            if isProcess { return try await body(self) }
            let settings = Settings(environment: self.environment.merging(["ROOM_URL": self.events.roomsURL]) { $1 })
            let configuration = NotificationSettings(settings)
            try settings.finish()
            let app = try NotificationApp(configuration, logger: logger)
            try await Self.running(try await app.services()) {
                try await self.waitUntilReady()
                try await body(self)
            }
        }
    }

    private static func running(_ services: [any Service], _ body: @escaping @Sendable () async throws -> Void)
        async throws
    {
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) },
                logger: Logger(label: "group") { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body()
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// Starts the built executable; more than one share the work.
    func launch(_ extra: [String: String] = [:]) throws -> ServerProcess {
        let executable = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../.build/debug/notification-worker").standardizedFileURL.path
        let own = ["ROOM_URL": events.roomsURL, "HTTP_PORT": "0"]
        return try ServerProcess(
            executable, [], environment: environment.merging(own) { $1 }.merging(extra) { $1 },
            log: mailDirectory.appending(path: "worker.log"))
    }

    /// What the launched executables have logged.
    var log: String {
        get throws { try String(contentsOf: mailDirectory.appending(path: "worker.log"), encoding: .utf8) }
    }

    func waitUntilReady() async throws {
        try await eventually("the worker is ready") { (try? await self.call("/ready").status) == 200 }
    }

    // MARK: - Input

    func publish(_ event: Event) async throws {
        let outgoing = try EventEncoder(source: "test").encode(event)
        // Unroutable until the worker has declared its queue.
        try await eventually("the event is taken") {
            do {
                try await publisher.publish(
                    outgoing.message, exchange: outgoing.exchange, routingKey: outgoing.routingKey, mandatory: true)
                return true
            } catch { return false }
        }
    }

    /// Publishes once, over a connection that declares `topology`.
    func publish(_ event: Event, as topology: AMQPTopology) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let publisher = AMQPPublisher(
            try AMQPConfiguration(url: brokerURL, connectionName: "test"), topology: topology, logger: logger)
        try await Self.running([publisher]) {
            try await eventually("the broker is reached") { publisher.isAvailable }
            let outgoing = try EventEncoder(source: "test").encode(event)
            try await publisher.publish(
                outgoing.message, exchange: outgoing.exchange, routingKey: outgoing.routingKey, mandatory: true)
        }
    }

    /// Runs `body` while another queue takes what matches `binding`.
    func withListener(to binding: String, _ body: @escaping @Sendable () async throws -> Void) async throws {
        let listener = EventSubscription(
            name: "listener", bindings: [binding],
            amqp: try AMQPConfiguration(url: brokerURL, connectionName: "test"),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { _ in }
        try await Self.running([listener]) {
            try await eventually("the listener is there") { listener.isConnected }
            try await body()
        }
    }

    private var brokerURL: String { environment["RABBITMQ_URL"] ?? "" }

    // MARK: - Output

    /// The mails in the folder by file name, complete ones only.
    var mails: [String: [UInt8]] {
        get throws {
            let names = try FileManager.default.contentsOfDirectory(atPath: mailDirectory.path)
            return try Dictionary(
                uniqueKeysWithValues: names.filter { $0.hasSuffix(".eml") }.map {
                    ($0, Array(try Data(contentsOf: mailDirectory.appending(path: $0))))
                })
        }
    }

    struct Answer: Sendable {
        var status: Int
        var json: JSONValue
        subscript(_ name: String) -> JSONValue? { json[name] }
    }

    /// - Parameter user: whose token to send; `nil` for none.
    func call(_ path: String, _ method: String = "GET", as user: String? = nil, body: String? = nil) async throws
        -> Answer
    {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = .init(rawValue: method)
        if let user { request.headers.add(name: "Authorization", value: "Bearer \(try await Self.token(user))") }
        if path.hasPrefix("/internal") { request.headers.add(name: "Authorization", value: "Bearer internal") }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let data = Data(buffer: try await response.body.collect(upTo: 1 << 20))
        let faults = try OpenAPIDocument.shared.faults(
            in: .init(
                method, path, request: body.map { Array($0.utf8) }, status: Int(response.status.code),
                contentType: response.headers.first(name: "Content-Type"), answer: Array(data)))
        #expect(faults.isEmpty, "\(method) \(path): the answer is not as documented")
        return Answer(
            status: Int(response.status.code),
            json: data.isEmpty ? .null : try JSONDecoder().decode(JSONValue.self, from: data))
    }

    static func token(_ email: String) async throws -> String { try await issue(email).token }
    static func userID(_ email: String) async throws -> UserID { try await issue(email).userID }

    private static func issue(_ email: String) async throws -> DevTokens.Issued {
        try await DevTokens(secret: secret, issuer: nil, audience: nil)
            .issue(email: email, name: nil, role: .user, plan: "free", at: .now())
    }
}

/// What the worker has announced.
final class EventLog: Sendable {
    private let state = Mutex<(events: [Event], seen: Set<EventID>, roomsURL: String)>(([], [], ""))

    /// Events come at least once: a worker that is killed between publishing and noting it publishes again, under the
    /// same id, which is where whoever handles events tells the two apart.
    func append(_ event: Event) {
        state.withLock { if $0.seen.insert(event.id).inserted { $0.events.append(event) } }
    }
    func note(roomsURL: String) { state.withLock { $0.roomsURL = roomsURL } }
    var roomsURL: String { state.withLock { $0.roomsURL } }
    var all: [Event] { state.withLock { $0.events } }

    /// The delivery statuses told of an invitation, with reasons, as far as none is missing. What a killed worker had not
    /// published comes late, after what another told since; the number says where it belongs.
    func deliveries(of invitation: InvitationID) -> [InvitationFields] {
        let told = all.compactMap { event -> InvitationFields? in
            guard case .invitationDeliveryChanged(let fields) = event.body, fields.invitationId == invitation else {
                return nil
            }
            return fields
        }.sorted { $0.deliveryNumber < $1.deliveryNumber }
        return zip(told, 1...).prefix { $0.deliveryNumber == $1 }.map(\.0)
    }

    var notifications: [NotificationView] {
        all.compactMap { if case .notificationCreated(let view) = $0.body { view } else { nil } }
    }
}

extension JSONValue {
    subscript(_ name: String) -> JSONValue? { if case .object(let fields) = self { fields[name] } else { nil } }
    var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
}
