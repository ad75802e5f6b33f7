import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    /// The contract's degraded modes: one part away at a time, and the others do their duty. For Redis and RabbitMQ see
    /// `Outages`, for kills `Recovery`.
    @Suite struct DegradedModes {
        @Test func `Without PostgreSQL calls say so, and open rooms keep presence and signaling`() async throws {
            let stack = try Stack.here
            let table = try await Table(stack)
            let guest = try await stack.sit(table.cleo, in: table.room)
            let lives = try Stack.Service.allCases.map { try stack.pid(of: $0) }
            try await stack.without("postgres") {
                try await eventually("the database is missed") {
                    try await table.ada.http.exchange("GET", "/rooms").status == 500
                }
                for (method, path, body) in [
                    ("GET", "/rooms", nil), ("POST", "/rooms", ["name": "No"]),
                    ("GET", "/rooms/\(table.room.code)/timeline", nil),
                    ("POST", "/rooms/\(table.room.code)/messages", ["content": "No"]),
                ] as [(String, String, JSONValue?)] {
                    let answer = try await table.ada.http.exchange(method, path, body: body)
                    expectProblem(500, "database_unavailable", answer)
                    #expect(answer.json?["retryable"] == true)
                    #expect(answer.headers["retry-after"] != nil)
                }
                for service in [Stack.Service.room, .message] {
                    let http = ParlorHTTP(try stack.url(of: service))
                    let ready = try await http.exchange("GET", "/ready")
                    #expect(ready.status == 503)
                    #expect(ready.json?["dependencies"]?["postgres"] == "down")
                    #expect(try await http.exchange("GET", "/health").status == 200)
                }
                try await eventually("signaling knows of it") {
                    let ready = try await ParlorHTTP(stack.url(of: .signaling)).exchange("GET", "/ready")
                    return ready.json?["dependencies"]?["postgres"] == "down" && ready.status == 200
                }
                try await table.signalAcross("without a database")
                let error = try await table.tryToTalk("for later")
                #expect(error.type == "error")
                #expect(error["retryable"] == true)
                await guest.socket.cut()
                let left = try await table.his.inbox.first("user_left") { $0.type == "user_left" }
                #expect(left["userId"]?.string == table.cleo.id)
                #expect(try await stack.refusal(of: table.cleo, in: table.room) == .unavailable)
            }
            try await table.talkInTheEnd("for later")
            try await table.welcomeCleo()
            #expect(try await table.ada.timeline(table.room).filter { $0["type"] == "message_created" }.count == 2)
            #expect(try Stack.Service.allCases.map { try stack.pid(of: $0) } == lives, "nobody had to be restarted")
            await table.leave()
            try await stack.recovered()
        }

        @Test func `A service that starts while PostgreSQL is away is there, and serves once it is back`() async throws
        {
            let stack = try Stack.here
            let table = try await Table(stack)
            try await stack.without("postgres") {
                for service in [Stack.Service.room, .message, .notification] { try stack.kill(service) }
                for service in [Stack.Service.room, .message, .notification] {
                    let http = ParlorHTTP(try stack.url(of: service))
                    try await eventually("\(service) is there") {
                        (try? await http.exchange("GET", "/health"))?.status == 200
                    }
                    let ready = try await http.exchange("GET", "/ready")
                    #expect(ready.status == 503)
                    #expect(ready.json?["dependencies"]?["postgres"] == "down")
                }
                for path in ["/rooms", "/rooms/\(table.room.code)/timeline", "/notifications"] {
                    expectProblem(500, "database_unavailable", try await table.ada.http.exchange("GET", path))
                }
            }
            try await table.talkInTheEnd("after all")
            await table.leave()
            try await stack.recovered()
        }

        @Test func `Without the room service members talk and read on`() async throws {
            let stack = try Stack.here
            let table = try await Table(stack)
            let stranger = try await stack.person("Stranger")
            try await stack.without("room") {
                expectProblem(503, "unavailable", try await table.ada.http.exchange("GET", "/rooms"))
                try await table.talk("we are still here")
                #expect(try await table.ben.write("so am I", in: table.room).status == 201)
                #expect(try await table.ben.timeline(table.room).contains { $0["message"]?["content"] == "so am I" })
                try await table.signalAcross("without rooms")
                // Nobody can say whether they are a member by now, and so nobody does.
                let answer = try await stranger.http.exchange("GET", "/rooms/\(table.room.code)/messages")
                expectProblem(503, "unavailable", answer)
                #expect(try await stack.refusal(of: table.cleo, in: table.room) == .unavailable)
            }
            try await table.welcomeCleo()
            await table.leave()
            try await stack.recovered()
        }

        @Test func `Without the message service rooms are made and changed, and sockets signal on`() async throws {
            let stack = try Stack.here
            let table = try await Table(stack)
            try await stack.without("message") {
                expectProblem(503, "unavailable", try await table.ada.write("No", in: table.room))
                let error = try await table.tryToTalk("for later")
                #expect(error.type == "error")
                #expect(error["retryable"] == true)
                try await table.signalAcross("without messages")
                try await table.ada.http.call("PATCH", "/rooms/\(table.room.code)", body: ["name": "Renamed"])
                #expect(try await stack.room(of: table.ben).code.isEmpty == false)
                // The timeline cannot be read just now.
                #expect(try await stack.refusal(of: table.cleo, in: table.room) == .unavailable)
            }
            try await table.talkInTheEnd("for later")
            try await table.his.inbox.first("the change") {
                $0.type == "room_updated" && $0["room"]?["name"] == "Renamed"
            }
            #expect(try await table.ada.timeline(table.room).filter { $0["type"] == "room_updated" }.count == 1)
            try await table.welcomeCleo()
            await table.leave()
            try await stack.recovered()
        }

        @Test func `Without signaling rooms and messages go on, and who comes back hears of it`() async throws {
            let stack = try Stack.here
            let table = try await Table(stack)
            let last = try #require(table.his.inbox.entries.last?.entrySeq)
            await table.leave()
            try await stack.without("signaling") {
                #expect(try await table.ada.write("nobody hears me", in: table.room).status == 201)
                let newcomer = try await stack.person("Newcomer")
                #expect(try await newcomer.http.exchange("POST", "/rooms/\(table.room.code)/join").status == 200)
                #expect(try await newcomer.write("I read you", in: table.room).status == 201)
                #expect(try await stack.room(of: newcomer).code.isEmpty == false)
            }
            let back = try await stack.sit(table.ben, in: table.room, after: last)
            #expect(back.joined["recovered"] == true)
            let missed = try await table.ben.timeline(table.room, after: last)
            #expect(
                missed.compactMap { $0["type"]?.string } == ["message_created", "member_joined", "message_created"])
            try await eventually("it is told") { back.inbox.entries.map(\.json) == missed }
            await back.socket.close()
            try await stack.recovered()
        }

        @Test func `Without the notification worker everything else goes on, and invitations wait`() async throws {
            let stack = try Stack.here
            let table = try await Table(stack)
            let dora = try await stack.person("Dora")
            try await stack.without("notification") {
                expectProblem(503, "unavailable", try await dora.http.exchange("GET", "/notifications"))
                let invited = try await table.ada.http.exchange(
                    "POST", "/rooms/\(table.room.code)/invite", body: ["email": .string(dora.account.email)])
                #expect(invited.status == 201)
                #expect(invited.json?["delivery"] == "queued")
                try await table.talk("she will get it later")
                try await table.signalAcross("without mail")
            }
            try await eventually("Dora is told") {
                try await dora.http.exchange("GET", "/notifications").json?["items"]?.array?.count == 1
            }
            await table.leave()
        }
    }
}
