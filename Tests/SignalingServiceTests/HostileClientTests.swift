import Events
import Foundation
import Identifiers
import ParlorClient
import TestSupport
import Testing

@testable import SignalingService

/// Frames of every malformed kind, and clients that flood or stop reading.
@Suite struct HostileClientTests {
    private func withRoom(
        _ settings: [String: String] = [:], people count: Int = 2,
        _ body: @Sendable @escaping (World, Node, [Person], RoomRef) async throws -> Void
    ) async throws {
        try await World.with(settings) { world in
            let people = try await world.people(count)
            let room = try await world.house.makeRoom(people)
            try await world.withNode { node in try await body(world, node, people, room) }
        }
    }

    @Test func badFramesClose() async throws {
        try await withRoom { _, node, people, room in
            let long = "{\"type\":\"message\",\"content\":\"\(String(repeating: "x", count: 1_000_000))\"}"
            let cases: [(String, Int, @Sendable (ParlorSocket) async throws -> Void)] = [
                ("no JSON", 4010, { try await $0.send(text: "no json") }),
                ("no object", 4010, { try await $0.send(text: "[1,2]") }),
                ("binary", 4010, { try await $0.send(binary: [1, 2, 3]) }),
                ("no UTF-8", 4010, { try await $0.send(raw: [0x81, 0x82, 1, 2, 3, 4, 0xFE ^ 1, 0xFF ^ 2]) }),
                ("a million characters", 4010, { try await $0.send(text: long) }),
                ("in fragments", 4010, { try await $0.send(text: long, fragments: 60_000) }),
                ("not masked", 1002, { try await $0.send(raw: [0x81, 0x02, 0x7B, 0x7D]) }),
                ("compressed", 1002, { try await $0.send(raw: [0xC1, 0x82, 0, 0, 0, 0, 0x7B, 0x7D]) }),
                ("unknown opcode", 1002, { try await $0.send(raw: [0x83, 0x80, 0, 0, 0, 0]) }),
                ("fragmented ping", 1002, { try await $0.send(raw: [0x09, 0x80, 0, 0, 0, 0]) }),
                ("continues nothing", 1002, { try await $0.send(raw: [0x80, 0x80, 0, 0, 0, 0]) }),
                ("the tenth of unknown type", 4010, { for _ in 0..<10 { try await $0.send(["type": "dance"]) } }),
            ]
            for (name, expected, send) in cases {
                let talker = try await node.connect(people[0], room)
                _ = try await talker.joined()
                try? await send(talker.socket)
                let code = try await talker.closed()
                #expect(code == expected, "\(name)")
            }
        }
    }

    @Test func badFieldsAndFragmentsLeaveTheSocketOpen() async throws {
        try await withRoom { _, node, people, room in
            let talker = try await node.connect(people[0], room)
            _ = try await talker.joined()
            try await talker.send(["type": "message", "content": 5, "id": "a", "clientMessageId": "k"])
            let error = try await talker.frame("error")
            #expect(error["code"] == "invalid_input")
            #expect(error["id"] == "a")
            #expect(error["clientMessageId"] == "k")
            for _ in 0..<9 { try await talker.send(["type": "dance"]) }
            try await talker.socket.send(text: #"{"type":"ping","id":"one byte each"}"#, fragments: 1)
            #expect(try await talker.frame("pong")["id"] == "one byte each")
            try await talker.send(["type": "signal", "to": .string(UUID().uuidString), "data": 1, "id": 3])
            try await talker.frame("error") { $0["code"] == "unknown_recipient" }
        }
    }

    @Test func whoFloodsIsAnsweredThenClosed() async throws {
        try await withRoom(["FRAME_BURST": "50", "FRAME_RATE": "0.001"]) { _, node, people, room in
            let talker = try await node.connect(people[0], room)
            _ = try await talker.joined()
            for number in 0..<60 { talker.socket.post(["type": "ping", "id": .integer(number)]) }
            // Each frame has its answer, which says whose it is.
            try await eventually("all are answered") {
                talker.frames.filter { $0.type == "pong" || $0.type == "error" }.compactMap { $0["id"]?.int }.count
                    == 60
            }
            try await talker.say("one too many", key: "k")
            try await talker.frame("error") { $0["clientMessageId"] == "k" }
            let error = try await talker.frame("error")
            #expect(error["code"] == "rate_limited")
            #expect(error["retryable"] == true)
            #expect((error["retryAfterMs"]?.int ?? 0) > 0)
            #expect(talker.socket.isOpen)
            for _ in 0..<500 { talker.socket.post(["type": "ping"]) }
            try await expect(talker, closesWith: 4100)
        }
    }

    @Test func aTextThatIsRefusedIsNoRepeatOfWhatIsStored() async throws {
        try await withRoom { world, node, people, room in
            let talker = try await node.connect(people[0], room)
            _ = try await talker.joined()
            try await talker.say("same", key: "first")
            let stored = try await talker.frame("ack")
            await world.house.set { $0.refusedTexts = ["same"] }
            try await talker.send(["type": "message", "content": "same", "id": 1])
            #expect(try await talker.frame("error")["retryAfterMs"] == 20_000)
            // Known here by now, and for as long.
            try await talker.send(["type": "message", "content": "same", "id": 2])
            let again = try await talker.frame("error") { $0["id"] == 2 }
            #expect(again["code"] == "rate_limited")
            #expect((again["retryAfterMs"]?.int ?? 0) > 2000)
            #expect(again["message"]?.string?.contains("text") == true)
            #expect(await world.house.refusals == 1)
            try await talker.say("same", key: "first", id: "3")
            #expect(try await talker.frame("ack") { $0["id"] == "3" }["messageId"] == stored["messageId"])
        }
    }

    @Test func messagesAreLimitedByUserAndRoom() async throws {
        try await withRoom(["MESSAGE_BURST": "5", "MESSAGE_RATE": "0.001"]) { _, node, people, room in
            let (one, two) = (try await node.connect(people[0], room), try await node.connect(people[0], room))
            _ = try await one.joined()
            _ = try await two.joined()
            for number in 0..<3 {
                try await one.say("a\(number)", key: "a\(number)")
                try await two.say("b\(number)", key: "b\(number)")
            }
            try await eventually("all are answered") {
                one.frames("ack").count + two.frames("ack").count == 5
                    && one.frames("error").count + two.frames("error").count == 1
            }
            let other = try await node.connect(people[1], room)
            _ = try await other.joined()
            try await other.say("mine")
            try await other.frame("ack")
        }
    }

    @Test func whoStopsReadingIsClosedAndCostsTheOthersNothing() async throws {
        try await withRoom { world, node, people, room in
            let (reader, sleeper) = (try await node.connect(people[0], room), try await node.connect(people[1], room))
            _ = try await reader.joined()
            _ = try await sleeper.joined()
            await sleeper.socket.vanish()
            let text = String(repeating: "x", count: 4000)
            // More than the kernel's buffers and the queue together; and never so much at once that the queue of who
            // reads slowly, on a busy machine, would be full.
            var part = 0
            while reader.frames("user_left").isEmpty {
                part += 1
                try #require(part <= 40)
                for _ in 0..<100 { try await world.house.say(text, by: people[0], in: room) }
                try await eventually("the reader has all") { reader.seqs.count == part * 100 }
            }
            // Who does not take the close within ten seconds is cut off without it.
            await sleeper.socket.reappear()
            try await expect(sleeper, closesWith: 4101)
            #expect(sleeper.seqs == Array(3..<(3 + sleeper.seqs.count)))
        }
    }
}
