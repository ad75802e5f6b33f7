import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct CloseCodes {
        private func firstCode(_ path: String, _ token: ParlorSocket.TokenPlacement) async throws -> CloseCode? {
            let inbox = FrameInbox()
            var options = ParlorSocket.Options()
            options.inbox = inbox
            let socket = try await ParlorSocket.connect(Stack.here.gateway, path, token: token, options: options)
            let code = await socket.closed()
            #expect(inbox.frames.isEmpty)
            return code
        }

        @Test func `Every way to bring a token works, and none without one`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), room = try await stack.room(of: ada)
            let token = ada.account.token
            for placement in [.header(token), .subprotocol(token), .query(token), .hello(token)]
                as [ParlorSocket.TokenPlacement]
            {
                for path in ["/ws/\(room.code)", "/ws/chat/\(room.code)"] {
                    let inbox = FrameInbox()
                    var options = ParlorSocket.Options()
                    options.inbox = inbox
                    let socket = try await ParlorSocket.connect(stack.gateway, path, token: placement, options: options)
                    try await inbox.first("joined") { $0.type == "joined" }
                    await socket.close()
                }
            }
            #expect(try await firstCode("/ws/\(room.code)", .none) == .unauthenticated)
            #expect(try await firstCode("/ws/\(room.code)", .header("nonsense")) == .unauthenticated)
            #expect(try await firstCode("/ws/\(room.code)", .hello("nonsense")) == .unauthenticated)
            #expect(try await firstCode("/ws/status", .header("nonsense")) == .unauthenticated)
        }

        @Test func `Strangers, unknown rooms and ended rooms have codes of their own`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), eve = try await stack.person("Eve")
            let room = try await stack.room(of: ada)
            #expect(try await stack.refusal(of: eve, in: room) == .notAMember)
            #expect(try await firstCode("/ws/aaa-aaaa-aaa", .header(ada.account.token)) == .roomNotFound)
            #expect(try await firstCode("/ws/nonsense", .header(ada.account.token)) == .roomNotFound)
            let seat = try await stack.sit(ada, in: room)
            try await ada.http.call("DELETE", "/rooms/\(room.code)")
            #expect(try await seat.closeCode() == .roomEnded)
            #expect(seat.inbox.frames.last { $0.entrySeq != nil }?.type == "room_ended")
            #expect(try await stack.refusal(of: ada, in: room) == .roomEnded)
        }

        @Test func `Who leaves, is removed or is banned loses the socket`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), people = try await stack.people(3)
            let room = try await stack.room(of: ada, members: people)
            var seats: [Attendee] = []
            for person in people { seats.append(try await stack.sit(person, in: room)) }
            try await people[0].http.post("/rooms/\(room.code)/leave")
            try await ada.http.call("DELETE", "/rooms/\(room.code)/members/\(people[1].id)")
            try await ada.http.post("/rooms/\(room.code)/bans", ["userId": .string(people[2].id), "reason": "noise"])
            for seat in seats { #expect(try await seat.closeCode() == .noLongerAuthorised) }
            #expect(try await stack.refusal(of: people[2], in: room) == .notAMember)
            let answer = try await people[2].http.exchange("POST", "/rooms/\(room.code)/join")
            expectProblem(403, "banned", answer)
        }

        @Test func `A banned account is shut out of everything`() async throws {
            let stack = try Stack.here
            let admin = try await stack.person("Admin", role: "admin"), eve = try await stack.person("Eve")
            let room = try await stack.room(of: eve)
            let seat = try await stack.sit(eve, in: room)
            expectProblem(
                403, "forbidden",
                try await eve.http.exchange("POST", "/admin/users/\(admin.id)/ban", body: ["reason": "x"]))
            try await admin.http.post("/admin/users/\(eve.id)/ban", ["reason": "spam"])
            #expect(try await seat.closeCode() == .accountBanned)
            for path in ["/rooms", "/messages/unread", "/notifications"] {
                try await eventually("\(path) is refused") {
                    try await eve.http.exchange("GET", path).problem?.code == "account_banned"
                }
            }
            // Every service learns of a ban by itself, within two seconds.
            try await eventually("her sockets are refused") {
                try await stack.refusal(of: eve, in: room) == .accountBanned
            }
            try await admin.http.call("DELETE", "/admin/users/\(eve.id)/ban")
            try await eventually("she may again") { try await eve.http.exchange("GET", "/rooms").isSuccess }
        }

        @Test(arguments: ["not json", "[1,2]", "\"text\"", "{\"type\":", "42"])
        func `What is no JSON object closes the socket`(text: String) async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), room = try await stack.room(of: ada)
            let seat = try await stack.sit(ada, in: room)
            try await seat.socket.send(text: text)
            #expect(try await seat.closeCode() == .badFrame)
        }

        @Test func `A bad field is an error and the socket stays; fragments are joined`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), room = try await stack.room(of: ada)
            let seat = try await stack.sit(ada, in: room)
            let bad: [JSONValue] = [
                ["type": "message", "content": 5, "clientMessageId": "b0"],
                ["type": "message", "content": "   ", "clientMessageId": "b1"],
                ["type": "message", "content": .string(String(repeating: "x", count: 4001)), "clientMessageId": "b2"],
                ["type": "message", "clientMessageId": "b3"],
            ]
            for (index, frame) in bad.enumerated() {
                try await seat.socket.send(frame)
                let error = await #expect(throws: ParlorClientError.self) { try await seat.answer(to: "b\(index)") }
                guard case .refused("invalid_input", _) = error else {
                    Issue.record("\(frame) got \(String(describing: error))")
                    continue
                }
            }
            try await seat.socket.send(
                text: #"{"type":"message","content":"in pieces","clientMessageId":"pieces"}"#, fragments: 7)
            _ = try await seat.answer(to: "pieces")
            #expect(Shape.faults(in: seat.inbox.frames) == [])
            await seat.socket.close()
        }

        @Test func `Hostile bytes end their own socket only`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), eve = try await stack.person("Eve")
            let room = try await stack.room(of: ada, members: [eve])
            let hers = try await stack.sit(ada, in: room)
            let attacks: [[UInt8]] = [
                [0x81, 0x05] + Array("hello".utf8),  // not masked
                [0xF1, 0x80, 0, 0, 0, 0],  // reserved bits
                [0x83, 0x80, 0, 0, 0, 0],  // unknown opcode
                [0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0],  // endless
                [0x89, 0xFE, 0x01, 0x00, 0, 0, 0, 0],  // a ping that is too long
            ]
            for attack in attacks {
                let seat = try await stack.sit(eve, in: room)
                try await seat.socket.send(raw: attack)
                _ = try await seat.closeCode()
                try await Task.sleep(for: .milliseconds(250))
            }
            try await hers.say("still here", clientMessageID: "still")
            await hers.socket.close()
        }
    }
}
