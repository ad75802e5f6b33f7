import Events
import Identifiers
import TestSupport
import Testing

@testable import MessageService

/// Every entry reaches the broker, in the end.
@Suite struct PublishingTests {
    @Test func theRelayPublishesWhatACrashLeftBehind() async throws {
        try await Stage.run { stage, instances in
            let parts = instances[0].parts
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            _ = try await instances[0].send(anna, room, "published")
            try await stage.withNode { node in
                // As a process that dies between its commit and its publish.
                let draft = try MessageDraft(
                    type: .text, content: "orphan", trackRef: nil, parentId: nil, clientMessageId: nil,
                    limits: MessageLimits())
                _ = try await parts.store.store([PendingMessage(room: room, userId: anna, draft: draft)])
                let later = try await instances[0].send(anna, room, "later")
                #expect(later.json["seq"]?.integer == 4)
                try await eventually("the orphan is told") {
                    node.ear.events(of: room).contains { $0.seq == 3 }
                }
                try await eventually("and noted") {
                    try await parts.store.hasNothingToPublish
                }
                let told = node.ear.events(of: room).first { $0.seq == 3 }
                guard case .timeline(.messageCreated(let message))? = told?.body else {
                    Issue.record("no message")
                    return
                }
                #expect(message.content == "orphan")
            }
        }
    }

    @Test func withoutABrokerWritesSucceedAndEventsFollow() async throws {
        let broker = try await RabbitMQServer.start()
        try await PostgresServer.withDatabase { database in
            let stage = Stage(
                databaseURL: database, brokerURL: broker.url, redisURL: try await RedisServer.shared().url,
                rooms: FakeRooms())
            let instance = try await stage.start()
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            let witness = try await Witness(brokerURL: broker.url)
            _ = try await instance.send(anna, room, "before")
            try await broker.kill()
            for number in 0..<20 {
                let answer = try await instance.call(
                    anna, "POST", "/rooms/\(room.code)/messages", ["content": .string("away \(number)")],
                    headers: ["X-Request-Id": "away-\(number)"])
                #expect(answer.status == 201)
            }
            let id = try #require(try await instance.send(anna, room, "x").json["id"]?.string)
            let edit = try await instance.call(
                anna, "PUT", "/messages/\(id)", ["content": "y"], headers: ["X-Request-Id": "edit"])
            #expect(edit.status == 200)
            #expect(try await instance.call(anna, "GET", "/ready").json["degraded"] == .array(["rabbitmq_away"]))
            // Sockets go the other way.
            let batch = CommandBatch(commands: [.text("over http", room, by: anna)])
            let replies = try await instance.ask(
                "POST", "/internal/commands", WireJSON.decode(JSONValue.self, from: WireJSON.encode(batch)))
            #expect(replies.json["replies"]?.array?.first?["seq"]?.integer == 25)
            try await broker.launch()
            let told = try #require(try await witness.firstEvents(of: instance)[room.id])
            #expect(told.compactMap(\.seq) == Array(1...25))
            // What left late can be followed to the request that caused it all the same.
            #expect(told[2...21].map(\.requestId) == (0..<20).map { "away-\($0)" })
            #expect(told[23].requestId == "edit")
            await instance.stop()
        }
        try await broker.stop()
    }
}
