import AMQP
import EventBus
import Events
import Identifiers
import IOReactor
import Logging
import Postgres
import Synchronization
import TestSupport

/// Events through outbox, broker, inbox and handler, beside a bare loop that publishes to a queue of the same kind and
/// consumes from it. Ours commits each event with its fact, and each handling with its note in the inbox: two commits an
/// event, or one and a share in a batch's.
enum EventBench {
    static func run(_ report: Report) async throws {
        let postgres = try await PostgresServer.start(durable: true)
        let broker = try await RabbitMQServer.start()
        let pool = PGPool(configuration(postgres), logger: .silent)
        try await Migrator(pool: pool, schema: "bench", logger: .silent).migrate(EventBusSchema.migrations)
        for (name, batch) in [("handled one by one, 16 at once", 0), ("handled in batches of up to 500", 500)] {
            let bench = try OneEventBench(broker: broker, pool: pool, batch: batch)
            try await bench.run { run in
                let bare = try await OwnThread.run("bare") { try BareEventLoop(broker.url, queue: run.bareQueue) }
                let (ours, theirs) = (try await run.lone(300), try await bare.lone(300))
                report.row(
                    Comparison(
                        name: "a lone event, begin of commit to handler, \(batch == 0 ? "alone" : "batch handler")",
                        ours: ours.medianMicroseconds, bare: theirs.medianMicroseconds, unit: "µs", aim: .none))
                let plain = try await bare.rate(of: 20_000)
                report.row(
                    Comparison(
                        name: "64 writers, \(name)", ours: try await run.rate(for: .seconds(5)), bare: plain,
                        unit: "/s", aim: .none))
            }
        }
        await pool.close()
        try await broker.stop()
        try await postgres.stop()
    }

    private static func configuration(_ server: PostgresServer) -> PGConfiguration {
        var configuration = PGConfiguration(url: server.url(), schema: "bench")
        configuration.poolSize = 24
        return configuration
    }
}

/// One outbox and one consumer on a queue of their own.
final class OneEventBench: Sendable {
    let bareQueue: String
    private let publisher: AMQPPublisher
    private let barePublisher: AMQPPublisher
    private let outbox: Outbox
    private let consumer: EventConsumer
    private let handled: Handled
    private let room: RoomRef

    init(broker: RabbitMQServer, pool: PGPool, batch: Int) throws {
        let name = "bench.\(batch)"
        bareQueue = "\(name).bare"
        let amqp = try AMQPConfiguration(url: broker.url, connectionName: "bench")
        publisher = AMQPPublisher(amqp, topology: EventTopology.publishing, logger: .silent)
        // Declares the bare loop's queue as a work queue is declared.
        barePublisher = AMQPPublisher(
            amqp, topology: EventTopology.workQueue(bareQueue, bindings: []), logger: .silent)
        outbox = Outbox(pool: pool, publisher: publisher, source: "bench", logger: .silent)
        let room = RoomRef(id: .new(), code: .random())
        self.room = room
        let handled = Handled()
        self.handled = handled
        let bindings = ["*.*.\(room.code)"]
        consumer =
            batch == 0
            ? EventConsumer(
                queue: WorkQueue(name, bindings: bindings), amqp: amqp, pool: pool, concurrency: 16, logger: .silent
            ) {
                event, _ in handled.add(1)
            }
            : EventConsumer(
                queue: WorkQueue(name, bindings: bindings), amqp: amqp, pool: pool, maxBatch: batch, logger: .silent
            ) {
                events, _ in handled.add(events.count)
            }
    }

    /// Lends itself while its parts run.
    func run(_ body: (OneEventBench) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.publisher.run() }
            group.addTask { try await self.barePublisher.run() }
            group.addTask { try await self.outbox.run() }
            group.addTask { try await self.consumer.run() }
            defer { group.cancelAll() }
            try await eventually("everything connects") {
                publisher.isAvailable && barePublisher.isAvailable && consumer.isConnected
            }
            try await body(self)
        }
    }

    /// Events per second, from the first transaction to the last handling.
    func rate(for time: Duration) async throws -> Double {
        let (begin, before) = (ContinuousClock.now, handled.count)
        let written = Atomic(0)
        _ = try await measureThroughput(callers: 64, for: time) { _ in
            try await self.write()
            written.wrappingAdd(1, ordering: .relaxed)
        }
        let goal = before + written.load(ordering: .relaxed)
        try await eventually("all are handled", within: .seconds(120), every: .milliseconds(1)) {
            handled.count >= goal
        }
        return Double(goal - before) / ((ContinuousClock.now - begin) / .seconds(1))
    }

    /// The times of lone events.
    func lone(_ count: Int) async throws -> [Duration] {
        var times: [Duration] = []
        for _ in 0..<count {
            let begin = ContinuousClock.now
            let goal = handled.count + 1
            try await write()
            await handled.reaches(goal)
            times.append(ContinuousClock.now - begin)
        }
        return times
    }

    private func write() async throws {
        try await outbox.transaction { [room] _, sink in
            let end = PresenceEnd(reason: .bye, participantCount: 3)
            try await sink.append(Event(body: .userLeft(end), room: room, userId: .new()))
        }
    }
}

/// Counts handled events.
private final class Handled: Sendable {
    private struct State {
        var count = 0
        var waiter: (goal: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())

    var count: Int { state.withLock(\.count) }

    func add(_ count: Int) {
        let waiter = state.withLock { state in
            state.count += count
            return state.waiter.map { state.count >= $0.goal } == true ? state.waiter.take() : nil
        }
        waiter?.continuation.resume()
    }

    func reaches(_ goal: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.count < goal { state.waiter = (goal, continuation) }
                return state.count >= goal
            }
            if isThere { continuation.resume() }
        }
    }
}
