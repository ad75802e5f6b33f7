import Events
import Foundation
import Identifiers
import TestSupport
import Testing

@testable import MessageService

/// What sockets send, over the broker and over `/internal`.
@Suite struct CommandTests {
    @Test func refusedCommandsSayWhy() async throws {
        try await Stage.run { stage, instances in
            let (anna, ben, eve) = (UserID.new(), UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            try await stage.withNode { node in
                #expect(try await node.ask(.text("x", room, by: eve)).error?.code == "not_a_member")
                #expect(try await node.ask(.text(" ", room, by: anna)).error?.code == "invalid_input")
                let nowhere = RoomRef(id: .new(), code: .random())
                #expect(try await node.ask(.text("x", nowhere, by: anna)).error?.code == "room_not_found")
                stage.rooms.join(room, ben)
                stage.rooms.ban(room, ben)
                #expect(try await node.ask(.text("x", room, by: ben)).error?.code == "banned")
                // Somebody who just joined is never refused.
                stage.rooms.join(room, eve)
                #expect(try await node.ask(.text("x", room, by: eve)).seq == 5)
                #expect(try await node.ask(.text("other", room, by: anna, id: "c")).seq == 6)
                #expect(try await node.ask(.text("other", room, by: anna, id: "c")).seq == 6)
                #expect(
                    try await node.ask(.text("another", room, by: anna, id: "c")).error?.code == "idempotency_mismatch")
                stage.rooms.isAway = true
                let unsure = try await node.ask(.text("x", room, by: .new()))
                #expect(unsure.error?.code == "unavailable")
                #expect(unsure.error?.retryable == true)
                stage.rooms.isAway = false
                stage.rooms.end(room)
                _ = try await instances[0].parts.timeline.facts.catchUp(.id(room.id))
                #expect(try await node.ask(.text("late", room, by: anna)).error?.code == "room_ended")
            }
        }
    }

    @Test func onlyWhatIsLeftToTheRelayIsAnsweredBesidesItsEvent() async throws {
        try await Stage.run { stage, instances in
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            try await stage.withNode { node in
                let (told, kept) = (
                    MessageCommand.text("told", room, by: anna), MessageCommand.text("kept", room, by: anna)
                )
                // Of a room that is not known yet: answered when it is.
                _ = try await node.ask(.text("first", room, by: anna))
                let first = try await node.ask(told)
                instances[0].parts.store.flow.leaveToRelay(room.id, upTo: 1000)
                let second = try await node.ask(kept)
                #expect([first.seq, second.seq] == [3, 4])
                #expect(node.ear.hasAnswer(to: kept.id))
                #expect(!node.ear.hasAnswer(to: told.id))
            }
        }
    }

    @Test func repeatedTextOverSocketsIsRefusedWithATime() async throws {
        try await Stage.run(environment: ["REPEAT_WINDOW_SECONDS": "3600"]) { stage, _ in
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            try await stage.withNode { node in
                for _ in 0..<5 { #expect(try await node.ask(.text("same", room, by: anna)).error == nil) }
                let refused = try await node.ask(.text("same", room, by: anna))
                #expect(refused.error?.code == "rate_limited")
                #expect(refused.error?.retryAfterMs ?? 0 > 1000)
            }
        }
    }

    @Test func manyTogetherKeepTheirOrderAndOneBadOneHurtsNobody() async throws {
        try await Stage.run { stage, _ in
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            try await stage.withNode { node in
                _ = try await node.ask(.text("first", room, by: anna))
                var commands = (0..<700).map { MessageCommand.text("m\($0)", room, by: anna) }
                commands[300].content = "\u{0}"
                try await node.askAll(commands)
                let seqs = commands.compactMap { node.ear.reply(to: $0.id)?.seq }
                #expect(seqs == Array(3...701))
                #expect(node.ear.reply(to: commands[300].id)?.error?.code == "invalid_input")
                try await eventually("all are told") { node.ear.firsts(of: room).count >= 701 }
                let events = node.ear.firsts(of: room)
                #expect(events.compactMap(\.seq) == Array(1...701))
                #expect(events.last?.requestId == "request")
                #expect(events[0].routingKey == "timeline.member_joined.\(room.code)")
                #expect(events.last?.routingKey == "message.created.\(room.code)")
            }
        }
    }

    @Test func internalEndpointsServeSignaling() async throws {
        try await Stage.run { stage, instances in
            let service = instances[0]
            let (anna, ben) = (UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            #expect(try await service.call(anna, "GET", "/internal/rooms/\(room.id)/timeline").status == 401)
            #expect(try await service.ask("GET", "/internal/rooms/\(RoomID.new())/live?facts=1").status == 404)
            // What the room service knows is there before the answer.
            let joined = stage.rooms.join(room, ben)
            let live = try await service.ask("GET", "/internal/rooms/\(room.id)/live?facts=\(joined.fact)")
            #expect(live.json["seq"]?.integer == 2)
            let batch = CommandBatch(
                commands: (0..<3).map { .text("m\($0)", room, by: ben) } + [.text("x", room, by: .new())])
            let bytes = try WireJSON.decode(JSONValue.self, from: WireJSON.encode(batch))
            let replies = try await service.ask("POST", "/internal/commands", bytes)
            #expect(replies.json["replies"]?.array?.compactMap { $0["seq"]?.integer }.sorted() == [3, 4, 5])
            #expect(
                replies.json["replies"]?.array?.compactMap { $0["error"]?["code"]?.string } == ["not_a_member"])
            let message = try #require(try await service.timeline(ben, room).items.last?["message"]?["id"]?.string)
            _ = try await service.call(ben, "POST", "/messages/\(message)/reactions", ["emoji": "👍"])
            let recent = try await service.ask("GET", "/internal/rooms/\(room.id)/live?facts=0&user=\(ben)")
            #expect(recent.json["recent"]?.array?.compactMap { $0["seq"]?.integer } == [3, 4, 5])
            #expect(recent.json["recent"]?.array?.last?["reactions"]?.array?.first?["me"] == .bool(true))
            for (after, count) in [(0, 0), (6, 0), (7, 3)] {
                let resumed = try await service.ask("GET", "/internal/rooms/\(room.id)/live?facts=0&after=\(after)")
                #expect(resumed.json["seq"]?.integer == 6)
                #expect(resumed.json["recent"]?.array?.count == count, "after \(after)")
            }
            let page = try await service.ask("GET", "/internal/rooms/\(room.id)/timeline?after=2&limit=2")
            #expect(page.json["head"]?.integer == 6)
            #expect(page.seqs == [3, 4])
            let heads = try await service.ask(
                "POST", "/internal/rooms/heads",
                ["rooms": .array([.string(room.id.description), .string(RoomID.new().description)])])
            #expect(heads.json["heads"] == [room.id.description: 6])
            let summary = try await service.ask("GET", "/internal/rooms/\(room.id)/summary")
            #expect(summary.json["messageCount"]?.integer == 3)
            #expect(try await service.ask("PUT", "/internal/rooms/\(room.id)/read/\(ben)", ["seq": 5]).status == 204)
            #expect(try await service.call(ben, "GET", "/messages/unread").items.first?["lastReadSeq"]?.integer == 5)
            // Also of a room that is known already.
            let later = stage.rooms.join(room, .new())
            let reached = try await service.ask("GET", "/internal/rooms/\(room.id)/live?facts=\(later.fact)")
            #expect(reached.json["seq"]?.integer == 7)
        }
    }
}
