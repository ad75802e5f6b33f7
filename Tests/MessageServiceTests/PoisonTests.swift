import AMQP
import EventBus
import Events
import Identifiers
import Logging
import Synchronization
import TestSupport
import Testing

@testable import MessageService

/// What comes as a fact and is none.
@Suite struct PoisonTests {
    @Test func whatIsNoFactIsPutAsideAndHoldsNothingUp() async throws {
        try await Stage.run { stage, instances in
            let (service, anna, ben) = (instances[0], UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            #expect(try await service.send(anna, room, "x").status == 201)
            let key = "room.member_joined.\(room.code)"
            let poison = ["\u{FF}junk", "[]", "{}"]
            try await stage.withPublisher { publisher in
                for text in poison {
                    try await publisher.publish(
                        AMQPMessage(body: Array(text.utf8)), exchange: EventTopology.exchange, routingKey: key)
                }
            }
            try await stage.publish([FakeRooms.event(stage.rooms.join(room, ben), of: room)])
            try await eventually("the fact behind them is there") {
                let items = try await service.timeline(anna, room).items
                return items.count == 3 && items.last?["type"]?.string == "member_joined"
            }
            let dead = Mutex<[AMQPDelivery]>([])
            let undertaker = AMQPConsumer(
                try AMQPConfiguration(url: stage.brokerURL, connectionName: "test"),
                queue: EventTopology.deadLetters(of: WorkQueue.facts.name),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ) { delivery in
                dead.withLock { $0.append(delivery) }
                return .ack
            }
            try await serving([undertaker]) {
                try await eventually("they lie with the dead") { dead.withLock { $0.count } == poison.count }
            }
            for letter in dead.withLock({ $0 }) {
                #expect(letter.properties.headers[PutAside.reason]?.string == "no fact")
                #expect(letter.properties.headers[PutAside.routingKey]?.string == key)
            }
        }
    }
}
