import AMQP
import EventBus
import Events
import Identifiers
import Postgres
import Testing
import TestSupport

/// Several instances of a service: one table, one relay at a time.
@Suite struct OutboxInstanceTests {
    /// Records first arrivals in order, as a queue that takes what matches sees them.
    private static func watcher(
        _ bus: Bus, _ arrivals: Recorder<(RoomID, Int64)>, binding: String = "#"
    ) -> AMQPConsumer {
        var topology = EventTopology.publishing
        topology.queues = [AMQPQueue("watch")]
        topology.bindings = [AMQPBinding(exchange: "parlor.events", queue: "watch", routingKey: binding)]
        return AMQPConsumer(
            bus.amqp, topology: topology, queue: "watch", prefetch: 500, concurrency: 1, logger: silent
        ) { delivery in
            if let event = try? Event(delivery), let room = event.room { arrivals.add((room.id, event.seq ?? 0)) }
            return .ack
        }
    }

    @Test func whoReachesNoBrokerIsRelayedByAnother() async throws {
        try await Bus.with { bus in
            let nowhere = try AMQPConfiguration(
                url: "amqp://127.0.0.1:\(try LocalPort.free())", connectionName: "test")
            let cutOff = AMQPPublisher(nowhere, topology: EventTopology.publishing, logger: silent)
            let publisher = bus.publisher()
            let (first, second) = (bus.outbox(cutOff), bus.outbox(publisher))
            let arrivals = Recorder<(RoomID, Int64)>()
            let watcher = Self.watcher(bus, arrivals)
            let room = try await bus.makeRoom()
            try await running(cutOff, publisher, first, second, watcher) {
                try await publisher.connected()
                try await eventually("the watcher connects") { watcher.isConnected }
                for _ in 0..<5 { try await bus.write(first, room) }
                try await eventually("all arrive") { arrivals.all.contains { $0.1 == 5 } }
                try await eventually("the outbox is empty") { try await bus.outboxSize() == 0 }
                expectInOrder(arrivals.all.map(\.1), upTo: 5)
            }
        }
    }

    @Test func theRelayDoesNotOvertakeWhatALivingOwnerKeeps() async throws {
        try await Bus.with { bus in
            let (room, other) = (try await bus.makeRoom(), try await bus.makeRoom())
            let silentOne = bus.outbox(bus.publisher())
            for _ in 0..<3 { try await bus.write(silentOne, room) }
            try await bus.write(silentOne, other)
            // The room's first row has an owner that lives and does nothing; the rest is the relay's.
            try await bus.pool.execute(
                "UPDATE outbox SET owner = CASE id WHEN (SELECT min(id) FROM outbox) THEN 77 END")
            let publisher = bus.publisher()
            let outbox = bus.outbox(publisher)
            let arrivals = Recorder<(RoomID, Int64)>()
            let watcher = Self.watcher(bus, arrivals)
            try await running(watcher) {
                try await eventually("the watcher connects") { watcher.isConnected }
                try await bus.pool.transaction { tx in
                    try await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('lead outbox 77', 0))")
                    try await running(publisher, outbox) {
                        try await eventually("the other room's is relayed") { arrivals.count > 0 }
                    }
                    #expect(arrivals.all.map(\.0) == [other.id])
                }
                let successor = bus.publisher()
                try await running(successor, bus.outbox(successor)) {
                    try await eventually("all arrive") { arrivals.count >= 4 }
                    try await eventually("the outbox is empty") { try await bus.outboxSize() == 0 }
                }
                #expect(arrivals.all.filter { $0.0 == room.id }.map(\.1) == [1, 2, 3])
            }
        }
    }

    @Test func anOutageKeepsTheOrderOfRoomsThatSeveralInstancesWrite() async throws {
        let broker = try await RabbitMQServer.start()
        try await PostgresServer.withDatabase { database in
            try await Bus.with(database, broker.url) { bus in
                let publishers = (0..<3).map { _ in bus.publisher() }
                let outboxes = publishers.map { bus.outbox($0) }
                let arrivals = Recorder<(RoomID, Int64)>()
                let watcher = Self.watcher(bus, arrivals)
                var rooms: [RoomRef] = []
                for _ in 0..<4 { rooms.append(try await bus.makeRoom()) }
                try await running(
                    publishers[0], publishers[1], publishers[2], outboxes[0], outboxes[1], outboxes[2], watcher
                ) {
                    for publisher in publishers { try await publisher.connected() }
                    try await eventually("the watcher connects") { watcher.isConnected }
                    try await broker.kill()
                    try await eventually("everybody knows") { publishers.allSatisfy { !$0.isAvailable } }
                    // The instances take turns in each room.
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for (index, outbox) in outboxes.enumerated() {
                            group.addTask { [rooms] in
                                for n in 0..<400 { try await bus.write(outbox, rooms[(n + index) % rooms.count]) }
                            }
                        }
                        try await group.waitForAll()
                    }
                    #expect(try await bus.outboxSize() == 1200)
                    try await broker.launch()
                    try await eventually("all arrive", within: .seconds(180)) {
                        Set(arrivals.all.map { "\($0.0) \($0.1)" }).count == 1200
                    }
                    try await eventually("the outbox is empty") { try await bus.outboxSize() == 0 }
                }
                for room in rooms {
                    expectInOrder(arrivals.all.filter { $0.0 == room.id }.map(\.1), upTo: 300)
                }
            }
        }
        try await broker.stop()
    }

    @Test func whatNoQueueTakesWaitsForOneAndHoldsUpNothing() async throws {
        try await Bus.with { bus in
            let publisher = bus.publisher()
            let outbox = bus.outbox(publisher)
            let consumer = EventConsumer(
                queue: WorkQueue("work", bindings: ["invitation.#"]), amqp: bus.amqp, pool: bus.pool, logger: silent,
                handler: Bus.effect)
            let arrivals = Recorder<(RoomID, Int64)>()
            let room = RoomRef(id: .new(), code: .random())
            try await running(publisher, outbox) {
                try await publisher.connected()
                let invitation = InvitationFields(
                    invitationId: .new(), email: "bob@example.org", status: .pending, delivery: .queued,
                    invitedBy: .new(), roomName: nil, expiresAt: .now())
                try await outbox.transaction { _, events in
                    try await events.append(Event(body: .invitationCreated(invitation), room: room, seq: 1))
                    // Nobody has to hear of it, and nobody does.
                    try await events.append(.example(room, 2))
                }
                try await eventually("the invitation is kept") { try await bus.outboxSize() == 1 }
                // Not the invitation: it is another's.
                let watcher = Self.watcher(bus, arrivals, binding: "room.#")
                try await running(watcher) {
                    try await eventually("the watcher connects") { watcher.isConnected }
                    try await outbox.transaction { _, events in try await events.append(.example(room, 3)) }
                    try await eventually("others pass by") { arrivals.all.contains { $0.1 == 3 } }
                }
                try await running(consumer) {
                    try await eventually("the invitation is handled") { try await bus.effects().map(\.n) == [1] }
                    try await eventually("the outbox is empty") { try await bus.outboxSize() == 0 }
                }
            }
        }
    }
}
