import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    /// Clients that are slow, broken or malicious, on the node and in the room of people who only want to talk.
    @Suite struct HostileClients {
        /// Limits that are in nobody's way but the attackers'.
        static let settings = ["MESSAGE_RATE": "200", "FRAME_RATE": "200", "JOIN_RATE": "50"]

        typealias Attack = (name: String, bytes: [UInt8], code: Int)

        static let attacks: [Attack] = {
            let million = "{\"type\":\"message\",\"content\":\"\(String(repeating: "x", count: 1_000_000))\"}"
            let long = "{\"type\":\"message\",\"content\":\"\(String(repeating: "x", count: 70_000))\"}"
            // What a kilobyte of nothing but zeros would unfold to, had compression been agreed on.
            let bomb = [0xEC, 0xC1, 0x01, 0x01] + [UInt8](repeating: 0, count: 1000)
            return [
                ("no JSON", RawFrame.text("hello"), 4010),
                ("no object", RawFrame.text("[{\"type\":\"ping\"}]"), 4010),
                ("an object that does not end", RawFrame.text("{\"type\":\"ping\""), 4010),
                ("deeply nested", RawFrame.text(String(repeating: "[", count: 60_000)), 4010),
                ("binary", RawFrame(opcode: 2, payload: [1, 2, 3]).bytes, 4010),
                ("no UTF-8", RawFrame(opcode: 1, payload: [0x7B, 0xFE, 0xFF, 0x7D]).bytes, 4010),
                ("a million characters", RawFrame.text(million), 4010),
                ("a million characters in pieces", RawFrame.fragments(million, of: 10_000), 4010),
                ("seventy thousand one-byte fragments", RawFrame.fragments(long, of: 1), 4010),
                ("an endless length", [0x81, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [0, 0, 0, 0], 4010),
                ("not masked", RawFrame.text("{\"type\":\"ping\"}", isMasked: false), 1002),
                ("a compressed bomb", RawFrame(reserved: 4, opcode: 1, payload: bomb).bytes, 1002),
                ("a compressed binary", RawFrame(reserved: 4, opcode: 2, payload: bomb).bytes, 1002),
                ("reserved bits", RawFrame.text("{}", reserved: 3), 1002),
                ("an unknown opcode", RawFrame(opcode: 3).bytes, 1002),
                ("an unknown control frame", RawFrame(opcode: 11).bytes, 1002),
                ("a ping in fragments", RawFrame(final: false, opcode: 9).bytes, 1002),
                ("a long ping", RawFrame(opcode: 9, payload: [UInt8](repeating: 0, count: 126)).bytes, 1002),
                ("a continuation of nothing", RawFrame(opcode: 0, payload: [1]).bytes, 1002),
                (
                    "a text within a text",
                    RawFrame(final: false, opcode: 1, payload: [0x7B]).bytes + RawFrame.text("{}"), 1002
                ),
            ]
        }()

        @Test func `Each kind of malformed frame closes its own socket, with its own code`() async throws {
            try await withNode { stack, node, room, people in
                let witness = try await Attendee.join(node.url, room.code, as: people[0].account)
                for attack in Self.attacks {
                    let seat = try await Attendee.join(node.url, room.code, as: people[1].account)
                    // Who is closed in the middle of it cannot say it to the end.
                    try? await seat.socket.send(raw: attack.bytes)
                    #expect(try await seat.closeCode()?.rawValue == attack.code, "\(attack.name)")
                }
                let patient = try await Attendee.join(node.url, room.code, as: people[1].account)
                let long = String(repeating: "y", count: 4000)
                let message = "{\"type\":\"message\",\"clientMessageId\":\"pieces\",\"content\":\"\(long)\"}"
                try await patient.socket.send(raw: RawFrame.fragments(message, of: 1))
                _ = try await patient.answer(to: "pieces")
                #expect(try await witness.message("pieces")["message"]?["content"]?.string == long)
            }
        }

        @Test func `Nothing is compressed though a client offers it`() async throws {
            try await withNode { _, node, room, people in
                var options = ParlorSocket.Options()
                options.headers["Sec-WebSocket-Extensions"] = "permessage-deflate; client_max_window_bits"
                let seat = try await Attendee.join(node.url, room.code, as: people[0].account, options: options)
                // A compressed frame would not have been read as `joined`; nor is one taken.
                try await seat.socket.send(raw: RawFrame.text("{\"type\":\"ping\"}", reserved: 4))
                #expect(try await seat.closeCode()?.rawValue == 1002)
            }
        }

        @Test func `Who stops reading is closed, the others hear everything, and nothing is lost on coming back`()
            async throws
        {
            try await withNode([
                "FRAME_RATE": "5000", "FRAME_BURST": "5000", "MESSAGE_RATE": "5000", "MESSAGE_BURST": "5000",
            ]) {
                _, node, room, people in
                let reader = try await Attendee.join(node.url, room.code, as: people[0].account)
                let sleeper = try await Attendee.join(node.url, room.code, as: people[1].account)
                let talker = try await Attendee.join(node.url, room.code, as: people[2].account)
                await sleeper.socket.vanish()
                let start = try #require(sleeper.joined["seq"]?.int)
                var written = 0
                // More than the buffers of both kernels, and the queue.
                while !reader.inbox.frames.contains(where: { $0.type == "user_left" }) {
                    try #require(written < 20_000, "who does not read is closed in the end")
                    for _ in 0..<200 {
                        let text = "\(written) " + String(repeating: "z", count: 3900)
                        talker.socket.post([
                            "type": "message", "content": .string(text), "clientMessageId": .string("m\(written)"),
                        ])
                        written += 1
                    }
                    _ = try await talker.answer(to: "m\(written - 1)", within: .seconds(60))
                    // Who does read is not to be taken for one who does not, on a busy machine.
                    try await eventually("the reader has everything") { reader.inbox.entries.count >= written }
                }
                #expect(reader.inbox.entries.compactMap(\.entrySeq) == Array(start + 1...start + written))
                await sleeper.socket.reappear()
                #expect(try await sleeper.closeCode() == .slowConsumer)
                let told = sleeper.inbox.entries.compactMap(\.entrySeq)
                #expect(told == Array((start + 1)..<(start + 1 + told.count)))
                let last = start + told.count
                let back = try await Attendee.join(node.url, room.code, as: people[1].account, after: last)
                #expect(back.joined["recovered"] == true)
                try await eventually("the rest is told") { back.inbox.entries.count >= written - told.count }
                #expect(back.inbox.entries.compactMap(\.entrySeq) == Array((last + 1)..<(start + 1 + written)))
            }
        }

        func withNode(
            _ settings: [String: String] = [:],
            _ body: @Sendable (Stack, Instance, TestRoom, [Person]) async throws -> Void
        ) async throws {
            let stack = try Stack.here
            let people = try await stack.people(12)
            let room = try await stack.room(of: people[0], members: Array(people.dropFirst()))
            try await stack.withInstance(.signaling, Self.settings.merging(settings) { $1 }) { node in
                try await body(stack, node, room, people)
            }
        }
    }
}
