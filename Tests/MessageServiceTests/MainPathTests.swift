import Events
import Identifiers
import TestSupport
import Testing

@testable import MessageService

/// The thin path through everything: facts, sending, history, events.
@Suite struct MainPathTests {
    @Test func factsBecomeEntriesAndMembersTalk() async throws {
        try await Stage.run { stage, instances in
            let service = instances[0]
            let (anna, ben) = (UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            stage.rooms.join(room, ben)

            let sent = try await service.send(anna, room, "Hello")
            #expect(sent.status == 201)
            #expect(sent.json["seq"]?.integer == 3)
            #expect(sent.json["roomId"]?.string == room.code.description)
            #expect(sent.json["reactions"]?.array == [])

            let timeline = try await service.timeline(ben, room)
            #expect(timeline.seqs == [1, 2, 3])
            #expect(timeline.items.map { $0["type"]?.string } == ["member_joined", "member_joined", "message_created"])
            #expect(timeline.items[2]["message"]?["content"]?.string == "Hello")

            let history = try await service.call(ben, "GET", "/rooms/\(room.id)/messages")
            #expect(history.items == [sent.json])
        }
    }

    @Test func toldFactsArriveWithoutAnybodyAsking() async throws {
        try await Stage.run { stage, instances in
            let (anna, ben) = (UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            let joined = stage.rooms.join(room, ben)
            // Only the second is told: the first is a hole.
            try await stage.publish([FakeRooms.event(joined, of: room)])
            try await eventually("both facts are entries") {
                try await instances[0].parts.store.heads(of: [room.id])[room.id] == 2
            }
            #expect(stage.rooms.questions == 1)
        }
    }
}
