import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct MainPath {
        @Test func `The demonstration plays, also twice at the same time`() async throws {
            let stack = try Stack.here
            let environment = ["GATEWAY_URL": try stack.gateway, "MAIL_DIR": try stack.value("MAIL_DIR")]
            let bin = try stack.value("PARLOR_BIN"), folder = try stack.value("LOG_DIR")
            let logs = (0..<2).map { URL(fileURLWithPath: folder).appending(path: "demo-\($0)-\(UUID()).log") }
            let demos = try logs.map { log in
                try ServerProcess("\(bin)/parlor", ["demo"], environment: environment, log: log)
            }
            for (demo, log) in zip(demos, logs) {
                try await eventually("the demo ends", within: .seconds(180)) { !demo.isRunning }
                let told = try String(contentsOf: log, encoding: .utf8)
                #expect(told.contains("All as it should be"), "\(told)")
            }
        }

        @Test func `A meeting is made, read, changed and ended, and every answer has its shape`() async throws {
            let stack = try Stack.here, ada = try await stack.person("Ada")
            let made = try await ada.http.call("POST", "/rooms")
            #expect(made.status == 201)
            expectShape(.room, made.json)
            #expect(made.json?["kind"] == "meeting")
            #expect(made.json?["type"] == "unlisted")
            #expect(made.json?["maxParticipants"] == 4)
            let code = try #require(made.json?["roomId"]?.string)
            #expect(made.headers["location"]?.hasSuffix("/rooms/\(code)") == true)
            expectShape(.page(of: .room), try await ada.http.get("/rooms"))
            let read = try await ada.http.call("GET", "/rooms/\(code)/")
            #expect(read.json == made.json)
            let changed = try await ada.http.call("PUT", "/rooms/\(code)", body: ["description": "words"])
            expectShape(.room, changed.json)
            #expect(changed.json?["version"]?.int == (made.json?["version"]?.int ?? 0) + 1)
            let members = try await ada.http.get("/rooms/\(code)/members")
            expectShape(.page(of: .member), members)
            #expect(try await ada.http.call("DELETE", "/rooms/\(code)").status == 204)
            let again = try await ada.http.exchange("PATCH", "/rooms/\(code)", body: ["name": "x"])
            expectProblem(410, "room_ended", again)
        }

        @Test func `What people do is told to all in one order, live, in the timeline and in frames that fit`()
            async throws
        {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let room = try await stack.room(of: ada, members: [ben])
            let hers = try await stack.sit(ada, in: room), his = try await stack.sit(ben, in: room)
            let ack = try await hers.say("first", clientMessageID: "m1")
            let id = try #require(ack["messageId"]?.string)
            try await ben.http.post("/messages/\(id)/reactions", ["emoji": "🎉"])
            try await ada.http.call("PUT", "/messages/\(id)", body: ["content": "first, edited"])
            try await ben.http.call("DELETE", "/messages/\(id)/reactions/%F0%9F%8E%89")
            try await ada.http.call("DELETE", "/messages/\(id)")
            try await ada.http.call("PATCH", "/rooms/\(room.code)", body: ["name": "New name"])
            try await his.socket.send(["type": "typing", "isTyping": true])
            try await hers.inbox.first("typing") { $0.type == "typing" && $0["userId"]?.string == ben.id }
            try await his.socket.send(["type": "ping", "id": "p"])
            try await his.inbox.first("pong") { $0.type == "pong" && $0["id"] == "p" }
            try await eventually("the change of name is in the timeline") {
                try await ada.timeline(room).contains { $0["type"] == "room_updated" }
            }
            let timeline = try await ada.timeline(room)
            #expect(timeline.seqs == Array(1...timeline.count))
            let kinds = timeline.compactMap { $0["type"]?.string }
            let expected = [
                "member_joined", "member_joined", "message_created", "reaction_added", "message_updated",
                "reaction_removed", "message_deleted", "room_updated",
            ]
            #expect(kinds == expected)
            for seat in [hers, his] {
                try await seat.inbox.first("the last entry") { $0.entrySeq == timeline.count }
                // But for the message: what was deleted meanwhile is out of the timeline's entries.
                let live = seat.inbox.entries.map { $0.json.without("message") }
                #expect(live == timeline.suffix(live.count).map { $0.without("message") })
                #expect(Shape.faults(in: seat.inbox.frames) == [])
            }
            _ = try await his.bye()
            try await hers.inbox.first("user_left") { $0.type == "user_left" && $0["reason"] == "bye" }
            await hers.socket.close()
        }
    }
}
