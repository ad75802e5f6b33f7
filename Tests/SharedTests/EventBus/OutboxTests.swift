import AMQP
import EventBus
import Events
import Identifiers
import Postgres
import ServiceSupport
import Testing
import TestSupport

@Suite struct OutboxTests {
    @Test func factAndEventCommitTogether() async throws {
        try await Bus.with { bus in
            let publisher = bus.publisher()
            let outbox = bus.outbox(publisher)
            let consumer = EventConsumer(
                queue: WorkQueue("work", bindings: ["room.#"]), amqp: bus.amqp, pool: bus.pool, concurrency: 1,
                logger: silent,
                handler: Bus.effect)
            try await running(publisher, outbox, consumer) {
                try await publisher.connected()
                try await consumer.connected()
                let room = try await bus.makeRoom()
                await #expect(throws: Failure.self) {
                    try await outbox.transaction { tx, events in
                        try await tx.execute("UPDATE rooms SET n = 99")
                        try await events.append(.example(room, 99))
                        throw Failure()
                    }
                }
                for _ in 0..<3 { try await bus.write(outbox, room) }
                try await eventually("the effects are there") { try await bus.effects().count == 3 }
                #expect(try await bus.effects().map(\.n) == [1, 2, 3])
                try await eventually("the outbox is empty") { try await bus.outboxSize() == 0 }
            }
        }
    }

    @Test func messagesAreWhatTheContractSays() async throws {
        try await Bus.with { bus in
            let deliveries = Recorder<AMQPDelivery>()
            var topology = EventTopology.publishing
            topology.queues = [.exclusive()]
            topology.bindings = [AMQPBinding(exchange: "parlor.events", queue: "", routingKey: "#")]
            let consumer = AMQPConsumer(bus.amqp, topology: topology, queue: "", logger: silent) {
                deliveries.add($0)
                return .ack
            }
            let publisher = bus.publisher()
            let outbox = bus.outbox(publisher)
            try await running(publisher, outbox, consumer) {
                try await publisher.connected()
                try await eventually("the consumer connects") { consumer.isConnected }
                let room = RoomRef(id: .new(), code: .random())
                let event = Event.example(room, 7)
                let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
                try await RequestScope.$current.withValue(RequestScope(requestID: "request-7", traceparent: trace)) {
                    try await outbox.transaction { _, events in try await events.append(event) }
                }
                try await eventually("it arrives") { deliveries.count >= 1 }
                let delivery = try #require(deliveries.all.first)
                let properties = delivery.properties
                #expect(delivery.exchange == "parlor.events")
                #expect(delivery.routingKey == "room.user_left.\(room.code)")
                #expect(properties.messageID == event.id.description)
                #expect(properties.type == "user_left")
                #expect(properties.correlationID == "request-7")
                #expect(properties.contentType == "application/json")
                #expect(properties.persistent)
                #expect(properties.timestamp == UInt64(event.timestamp.millisecondsSinceEpoch / 1000))
                let expected: [String: AMQPFieldValue] = [
                    "traceparent": .string(trace), "cloudEvents_specversion": "1.0",
                    "cloudEvents_id": .string(event.id.description), "cloudEvents_source": "test-service",
                    "cloudEvents_type": "user_left", "cloudEvents_time": .string(event.timestamp.description),
                ]
                #expect(properties.headers == expected)
                let read = try Event(delivery)
                #expect(read.requestId == "request-7")
                #expect(read.traceparent == trace)
                #expect(read.body == event.body)
            }
        }
    }

    /// Jobs and sockets have no request; what they cause can be followed all the same.
    @Test func whatNoRequestCausedHasAnIdAndATraceOfItsOwn() async throws {
        let encoder = EventEncoder(source: "test")
        let first = try encoder.encode(.example(RoomRef(id: .new(), code: .random()), 1)).message
        let second = try encoder.encode(.example(RoomRef(id: .new(), code: .random()), 1)).message
        let id = try #require(first.properties.correlationID)
        #expect(try EventCodec.decode(first.body).requestId == id)
        #expect(id != second.properties.correlationID)
        let trace = try #require(first.properties.headers["traceparent"]?.string)
        #expect(trace == "00-\(id)-\(id.suffix(16))-01" && RequestScope.isAcceptable(traceparent: trace))
        // An id that came from outside may be no trace's id.
        #expect(RequestScope.isAcceptable(traceparent: RequestScope.makeTraceparent(requestID: "request-7")))
        let zeros = RequestScope.makeTraceparent(requestID: String(repeating: "0", count: 32))
        #expect(RequestScope.isAcceptable(traceparent: zeros))
    }

    @Test func whatACrashLeftBehindIsPublishedByAnother() async throws {
        try await Bus.with { bus in
            let room = try await bus.makeRoom()
            do {
                // Dies between commit and publish: its publisher never had a connection.
                let dead = bus.outbox(bus.publisher())
                for _ in 0..<3 { try await bus.write(dead, room) }
            }
            #expect(try await bus.outboxSize() == 3)
            let publisher = bus.publisher()
            let outbox = bus.outbox(publisher)
            let consumer = EventConsumer(
                queue: WorkQueue("work", bindings: ["room.#"]), amqp: bus.amqp, pool: bus.pool, concurrency: 1,
                logger: silent,
                handler: Bus.effect)
            try await running(consumer) {
                try await consumer.connected()
                try await running(publisher, outbox) {
                    try await eventually("the effects are there") { try await bus.effects().count == 3 }
                    #expect(try await bus.effects().map(\.n) == [1, 2, 3])
                    try await eventually("the outbox is empty") { try await bus.outboxSize() == 0 }
                }
            }
        }
    }

    @Test func aBrokerAwayUnderLoadLosesAndReordersNothing() async throws {
        let broker = try await RabbitMQServer.start()
        try await PostgresServer.withDatabase { database in
            try await Bus.with(database, broker.url) { bus in
                let publisher = bus.publisher()
                let outbox = bus.outbox(publisher)
                let arrivals = Recorder<(RoomID, Int64)>()
                var watching = EventTopology.publishing
                watching.queues = [AMQPQueue("watch")]
                watching.bindings = [AMQPBinding(exchange: "parlor.events", queue: "watch", routingKey: "#")]
                let watcher = AMQPConsumer(
                    bus.amqp, topology: watching, queue: "watch", prefetch: 100, concurrency: 1, logger: silent
                ) { delivery in
                    if let event = try? Event(delivery), let room = event.room {
                        arrivals.add((room.id, event.seq ?? 0))
                    }
                    return .ack
                }
                let consumer = EventConsumer(
                    queue: WorkQueue("work", bindings: ["room.#"]), amqp: bus.amqp, pool: bus.pool, maxBatch: 100,
                    logger: silent
                ) { events, tx in
                    try await tx.pipeline(events.map(Bus.effectStatement))
                }
                var rooms: [RoomRef] = []
                for _ in 0..<5 { rooms.append(try await bus.makeRoom()) }
                let written = Recorder<RoomID>()
                // Writers write until this number: however slow the broker starts, the table does not grow for ever.
                let goal = Mark()
                try await running(publisher, outbox, consumer, watcher) {
                    try await publisher.connected()
                    try await consumer.connected()
                    try await eventually("the watcher connects") { watcher.isConnected }
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for writer in 0..<10 {
                            group.addTask { [rooms] in
                                while goal.value >= 0 {
                                    if written.count < goal.value {
                                        try await bus.write(outbox, rooms[writer % rooms.count])
                                        written.add(rooms[writer % rooms.count].id)
                                    }
                                    try await Task.sleep(for: .milliseconds(2))
                                }
                            }
                        }
                        goal.value = 10_000
                        try await eventually("some are written") { written.count > 200 }
                        try await broker.kill()
                        goal.value = written.count + 1500
                        try await eventually("writing goes on without a broker") { written.count >= goal.value }
                        #expect(try await bus.outboxSize() > 1000)
                        try await broker.launch()
                        goal.value += 1500
                        try await eventually("the outbox is nearly empty, under load", within: .seconds(180)) {
                            try await bus.outboxSize() < 100
                        }
                        goal.value = -1
                        try await group.waitForAll()
                    }
                    let total = written.count
                    try await eventually("everything had its effect", within: .seconds(180)) {
                        try await bus.effects().count >= total
                    }
                    try await eventually("the outbox is empty") { try await bus.outboxSize() == 0 }
                }
                let effects = try await bus.effects()
                #expect(effects.count == written.count)
                for room in rooms {
                    // First arrivals; what came twice came later.
                    expectInOrder(arrivals.all.filter { $0.0 == room.id }.map(\.1))
                    let numbers = effects.filter { $0.room == room.id }.map(\.n)
                    #expect(numbers.sorted() == Array(1...Int64(numbers.count)))
                }
            }
        }
        try await broker.stop()
    }
}
