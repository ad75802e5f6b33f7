import AMQP
import EventBus
import Events
import Foundation
import Identifiers
import Logging
import Postgres
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// A database with the bus's tables, a broker, and what a service makes of them.
struct Bus: Sendable {
    let pool: PGPool
    let amqp: AMQPConfiguration

    /// On the shared servers.
    static func with(_ body: (Bus) async throws -> Void) async throws {
        let broker = try await RabbitMQServer.shared()
        try await PostgresServer.withDatabase { database in
            try await broker.withVhost { url in try await with(database, url, body) }
        }
    }

    static func with(_ database: String, _ broker: String, _ body: (Bus) async throws -> Void) async throws {
        let pool = PGPool(PGConfiguration(url: database, schema: "bus"), logger: silent)
        let tables = Migration(
            name: "0001_test",
            sql: """
                CREATE TABLE rooms (id uuid PRIMARY KEY, n bigint NOT NULL DEFAULT 0);
                CREATE TABLE effects (at bigint GENERATED ALWAYS AS IDENTITY, event_id uuid, room uuid, n bigint);
                """)
        try await Migrator(pool: pool, schema: "bus", logger: silent).migrate(EventBusSchema.migrations + [tables])
        var amqp = try AMQPConfiguration(url: broker, connectionName: "test")
        amqp.reconnect = ReconnectDelay(first: .milliseconds(20), longest: .milliseconds(300))
        // Not what these tests are about.
        amqp.publishTimeout = .seconds(60)
        try await body(Bus(pool: pool, amqp: amqp))
        await pool.close()
    }

    func publisher() -> AMQPPublisher { AMQPPublisher(amqp, topology: EventTopology.publishing, logger: silent) }

    func outbox(_ publisher: AMQPPublisher) -> Outbox {
        Outbox(pool: pool, publisher: publisher, source: "test-service", logger: silent)
    }

    /// Writes the next fact of a room, under the room's lock, with its event.
    func write(_ outbox: Outbox, _ room: RoomRef) async throws {
        try await outbox.transaction { tx, events in
            let n = try await tx.query("UPDATE rooms SET n = n + 1 WHERE id = \(room.id) RETURNING n")[0]
                .get(0, as: Int64.self)
            try await events.append(.example(room, n))
        }
    }

    func makeRoom() async throws -> RoomRef {
        let room = RoomRef(id: .new(), code: .random())
        try await pool.execute("INSERT INTO rooms (id) VALUES (\(room.id))")
        return room
    }

    /// The handler of most tests: its effect is a row.
    static let effect: @Sendable (Event, PGTransaction) async throws -> Void = { event, tx in
        try await tx.execute(effectStatement(event))
    }

    static func effectStatement(_ event: Event) -> PGQuery {
        "INSERT INTO effects (event_id, room, n) VALUES (\(event.id), \(event.room?.id), \(event.seq))"
    }

    func effects() async throws -> [(room: RoomID, n: Int64)] {
        try await pool.query("SELECT room, n FROM effects ORDER BY at").map { try $0.decode((RoomID, Int64).self) }
    }

    func outboxSize() async throws -> Int {
        try await pool.query("SELECT count(*) FROM outbox")[0].get(0, as: Int.self)
    }
}

extension Event {
    static func example(_ room: RoomRef, _ n: Int64) -> Event {
        Event(
            body: .userLeft(PresenceEnd(reason: .bye, participantCount: Int(n))), room: room, userId: .new(), seq: n)
    }
}

func running<T: Sendable>(_ services: any Service..., body: () async throws -> T) async throws -> T {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for service in services { group.addTask { try await service.run() } }
        defer { group.cancelAll() }
        return try await body()
    }
}

extension AMQPPublisher {
    func connected() async throws { try await eventually("the publisher connects") { isAvailable } }
}

extension EventConsumer {
    func connected() async throws { try await eventually("the consumer connects") { isConnected } }
}

final class Recorder<Element: Sendable>: Sendable {
    private let state = Mutex<[Element]>([])
    func add(_ element: Element) { state.withLock { $0.append(element) } }
    var all: [Element] { state.withLock { $0 } }
    var count: Int { state.withLock(\.count) }
}

final class Mark: Sendable {
    private let state = Mutex(0)
    var value: Int {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

struct Failure: Error {}

/// That numbers came in order from 1 on; what came twice came later.
func expectInOrder(_ arrivals: [Int64], upTo last: Int64? = nil) {
    var highest: Int64 = 0
    for n in arrivals {
        #expect(n <= highest + 1, "\(n) came before \(highest + 1)")
        highest = max(highest, n)
    }
    if let last { #expect(highest == last) }
}
