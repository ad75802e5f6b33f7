import AMQP
import EventBus
import Events
import Identifiers
import Postgres
import ServiceSupport
import Testing
import TestSupport

@Suite struct EventConsumerTests {
    private let schedule = RetrySchedule(delays: [.milliseconds(50), .milliseconds(150)])

    /// Reads a dead-letter queue.
    private func undertaker(_ bus: Bus, _ queue: String, _ dead: Recorder<AMQPDelivery>) -> AMQPConsumer {
        AMQPConsumer(bus.amqp, queue: EventTopology.deadLetters(of: queue), logger: silent) {
            dead.add($0)
            return .ack
        }
    }

    private func publish(_ publisher: AMQPPublisher, _ events: Event...) async throws {
        let encoder = EventEncoder(source: "test")
        for result in try await publisher.publish(events.map(encoder.encode)) { try result.get() }
    }

    /// The same where the connection may go meanwhile; what arrives twice has one id.
    private func publishInTheEnd(_ publisher: AMQPPublisher, _ event: Event) async throws {
        try await eventually("it is published") {
            do {
                try await publish(publisher, event)
                return true
            } catch let error as AMQPError where error.isRetriable {
                return false
            }
        }
    }

    @Test(arguments: [false, true])
    func poisonGoesToTheDeadAndNeighboursProceed(batches: Bool) async throws {
        try await Bus.with { bus in
            let room = RoomRef(id: .new(), code: .random())
            let tries = Recorder<Int>()
            let handle: @Sendable (Event, PGTransaction) async throws -> Void = { event, tx in
                if event.seq == 2 {
                    tries.add(tries.count)
                    throw Failure()
                }
                try await Bus.effect(event, tx)
            }
            let consumer =
                batches
                ? EventConsumer(
                    queue: WorkQueue("work", bindings: ["room.#"]), amqp: bus.amqp, pool: bus.pool, maxBatch: 10,
                    retries: schedule,
                    logger: silent, batchHandler: { for event in $0 { try await handle(event, $1) } })
                : EventConsumer(
                    queue: WorkQueue("work", bindings: ["room.#"]), amqp: bus.amqp, pool: bus.pool, retries: schedule,
                    logger: silent, handler: handle)
            let dead = Recorder<AMQPDelivery>()
            let publisher = bus.publisher()
            try await running(publisher, consumer) {
                try await publisher.connected()
                try await consumer.connected()
                try await running(undertaker(bus, "work", dead)) {
                    let poison = Event.example(room, 2)
                    try await publish(publisher, .example(room, 1), poison, .example(room, 3))
                    let garbage = AMQPMessage(body: Array("{\"event_id\": 7}".utf8))
                    try await publisher.publish(garbage, exchange: "parlor.events", routingKey: "room.x.-")
                    try await publish(publisher, .example(room, 4))
                    try await eventually("neighbours are handled") { try await bus.effects().count == 3 }
                    try await eventually("both are dead") { dead.count >= 2 }
                    let first = try #require(dead.all.first { $0.body == garbage.body })
                    #expect(first.properties.headers["x-reason"]?.string?.contains("not an event") == true)
                    #expect(first.properties.headers["x-attempts"] == 0)
                    let second = try #require(dead.all.first { $0.properties.messageID == poison.id.description })
                    #expect(second.properties.headers["x-reason"] == "Failure()")
                    #expect(second.properties.headers["x-attempts"] == 3)
                    #expect(second.properties.headers["x-original-routing-key"] == .string(poison.routingKey))
                    #expect(second.properties.headers["cloudEvents_source"] == "test")
                    // A batch is tried as a whole first.
                    #expect(tries.count >= 3)
                }
            }
        }
    }

    @Test func whatFailsForAWhileIsHandledOnceInTheEnd() async throws {
        try await Bus.with { bus in
            let tries = Recorder<ContinuousClock.Instant>()
            let consumer = EventConsumer(
                queue: WorkQueue("work", bindings: ["room.#"]), amqp: bus.amqp, pool: bus.pool, retries: schedule,
                logger: silent
            ) { event, tx in
                tries.add(.now)
                try await Bus.effect(event, tx)
                if tries.count < 3 { throw Failure() }
            }
            let publisher = bus.publisher()
            try await running(publisher, consumer) {
                try await publisher.connected()
                try await consumer.connected()
                try await publish(publisher, .example(RoomRef(id: .new(), code: .random()), 1))
                try await eventually("the third try succeeds") { try await bus.effects().count == 1 }
                let times = tries.all
                // Delivery is at least once: a retry may come twice, and then counts as a try.
                #expect(times.count >= 3)
                #expect(times[times.count - 1] - times[0] >= .milliseconds(50))
            }
        }
    }

    @Test func aRedeliveryHasNoSecondEffect() async throws {
        try await Bus.with { bus in
            let consumer = EventConsumer(
                queue: WorkQueue("work", bindings: ["room.#"]), amqp: bus.amqp, pool: bus.pool, logger: silent,
                handler: Bus.effect)
            let publisher = bus.publisher()
            try await running(publisher, consumer) {
                try await publisher.connected()
                try await consumer.connected()
                let room = RoomRef(id: .new(), code: .random())
                let event = Event.example(room, 1)
                try await publish(publisher, event, event, event, .example(room, 2))
                try await eventually("both are handled") { try await bus.effects().count >= 2 }
                try await publish(publisher, event, .example(room, 3))
                try await eventually("the third is handled") { try await bus.effects().contains { $0.n == 3 } }
                #expect(try await bus.effects().map(\.n).sorted() == [1, 2, 3])
            }
        }
    }

    @Test func aConsumerThatLosesItsBrokerInMidHandlerActsOnce() async throws {
        let broker = try await RabbitMQServer.start()
        try await PostgresServer.withDatabase { database in
            try await Bus.with(database, broker.url) { bus in
                let started = Recorder<Int>()
                let consumer = EventConsumer(
                    queue: WorkQueue("work", bindings: ["room.#"]), amqp: bus.amqp, pool: bus.pool, logger: silent
                ) { event, tx in
                    started.add(started.count)
                    try await Bus.effect(event, tx)
                    if started.count == 1 {
                        // The connection goes while the effect is not committed yet; the delivery comes again.
                        try await broker.closeConnections()
                        try await Task.sleep(for: .milliseconds(300))
                    }
                }
                let publisher = bus.publisher()
                try await running(publisher, consumer) {
                    try await publisher.connected()
                    try await consumer.connected()
                    let room = RoomRef(id: .new(), code: .random())
                    try await publishInTheEnd(publisher, .example(room, 1))
                    try await eventually("it has its effect") { try await bus.effects().count == 1 }
                    try await publishInTheEnd(publisher, .example(room, 2))
                    try await eventually("the next one too") { try await bus.effects().contains { $0.n == 2 } }
                    #expect(try await bus.effects().map(\.n) == [1, 2])
                }
            }
        }
        try await broker.stop()
    }

    @Test func withoutADatabaseEventsWaitAndCountNoFailure() async throws {
        let database = try await PostgresServer.start()
        let broker = try await RabbitMQServer.shared()
        try await broker.withVhost { url in
            try await Bus.with(database.url(), url) { bus in
                let consumer = EventConsumer(
                    queue: WorkQueue("work", bindings: ["room.#"]), amqp: bus.amqp, pool: bus.pool, retries: schedule,
                    logger: silent,
                    handler: Bus.effect)
                let dead = Recorder<AMQPDelivery>()
                let publisher = bus.publisher()
                try await running(publisher, consumer) {
                    try await publisher.connected()
                    try await consumer.connected()
                    try await running(undertaker(bus, "work", dead)) {
                        let room = RoomRef(id: .new(), code: .random())
                        try await database.kill()
                        for n in 1...20 { try await publish(publisher, .example(room, Int64(n))) }
                        // Longer than all retries together.
                        try await Task.sleep(for: .seconds(1))
                        try await database.launch()
                        try await eventually("all are handled") {
                            (try? await bus.effects().count) == 20
                        }
                        #expect(dead.count == 0)
                    }
                }
            }
        }
        try await database.stop()
    }

    @Test func theRequestGoesAlongAndUnknownTypesPass() async throws {
        try await Bus.with { bus in
            let scopes = Recorder<RequestScope?>()
            let consumer = EventConsumer(
                queue: WorkQueue("work", bindings: ["#"]), amqp: bus.amqp, pool: bus.pool, logger: silent
            ) { _, _ in scopes.add(RequestScope.current) }
            let publisher = bus.publisher()
            try await running(publisher, consumer) {
                try await publisher.connected()
                try await consumer.connected()
                try await publish(publisher, Event(body: .unknown("brand_new")))
                var event = Event.example(RoomRef(id: .new(), code: .random()), 1)
                event.requestId = "r-1"
                event.traceparent = "00-trace"
                try await publish(publisher, event)
                try await eventually("it is handled") { scopes.count >= 1 }
                #expect(scopes.all[0]?.requestID == "r-1")
                #expect(scopes.all[0]?.traceparent == "00-trace")
                #expect(scopes.all[0]?.userID == event.userId?.description)
            }
        }
    }

    @Test func handlersPublishThroughTheOutbox() async throws {
        try await Bus.with { bus in
            let publisher = bus.publisher()
            let outbox = bus.outbox(publisher)
            let seen = Recorder<Int64?>()
            let relay = EventConsumer(
                queue: WorkQueue("relay", bindings: ["room.#"]), amqp: bus.amqp, outbox: outbox, logger: silent
            ) { event, tx, events in
                try await Bus.effect(event, tx)
                try await events.append(Event(body: .mutualLike, room: event.room, seq: event.seq.map { $0 * 10 }))
            }
            let subscription = EventSubscription(name: "live", amqp: bus.amqp, logger: silent) { seen.add($0.seq) }
            try await running(publisher, outbox, relay, subscription) {
                try await publisher.connected()
                try await relay.connected()
                try await eventually("the subscription connects") { subscription.isConnected }
                try await subscription.bind("pair.mutual_like.*")
                try await publish(publisher, .example(RoomRef(id: .new(), code: .random()), 4))
                try await eventually("the answer arrives") { Set(seen.all) == [40] }
                try await subscription.unbind("pair.mutual_like.*")
            }
        }
    }
}
