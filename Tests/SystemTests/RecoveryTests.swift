import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct Recovery {
        @Test(arguments: Stack.Service.allCases)
        func `A service is killed while people talk: nothing acked is lost, nothing is twice`(
            service: Stack.Service
        ) async throws {
            let stack = try Stack.here
            let conversation = try await Conversation(on: stack)
            try await conversation.during {
                try await conversation.goOn(by: 10)
                for _ in 0..<2 {
                    let pid = try stack.pid(of: service)
                    try stack.kill(service)
                    try await stack.awaitRestart(of: service, after: pid)
                    try await conversation.goOn(by: 10)
                }
            }
        }

        @Test func `An invitation written while the worker is dead is mailed once when it lives again`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let room = try await stack.room(of: ada)
            let pid = try stack.pid(of: .notification)
            try stack.kill(.notification)
            let invited = try await ada.http.call(
                "POST", "/rooms/\(room.code)/invite", body: ["email": .string(ben.account.email)])
            expectShape(.invitation, invited.json)
            try await stack.awaitRestart(of: .notification, after: pid)
            try await eventually("Ben is told") {
                let answer = try await ben.http.exchange("GET", "/notifications")
                return answer.json?["items"]?.array?.first?["status"] == "sent"
            }
            let list = try await ben.http.get("/notifications")
            expectShape(.page(of: .notification, with: ["unreadCount": .integer]), list)
            let folder = try stack.value("MAIL_DIR")
            let mails = try FileManager.default.contentsOfDirectory(atPath: folder).filter { file in
                let path = URL(fileURLWithPath: folder).appending(path: file)
                return (try? String(contentsOf: path, encoding: .utf8))?.contains(ben.account.email) == true
            }
            #expect(mails.count == 1)
        }
    }

    @Suite struct Outages {
        @Test func `Without RabbitMQ people write on, and hear everything when it is back`() async throws {
            let stack = try Stack.here
            let conversation = try await Conversation(on: stack)
            try await conversation.during {
                try await conversation.goOn(by: 5)
                try await stack.without("rabbitmq") {
                    for index in 0..<5 {
                        let answer = try await conversation.owner.write(
                            "without broker \(index)", in: conversation.room)
                        #expect(answer.status == 201, "\(answer.text)")
                    }
                }
            }
            try await stack.recovered()
        }

        @Test func `Without PostgreSQL calls say so, those inside still see each other, and all goes on afterwards`()
            async throws
        {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let room = try await stack.room(of: ada, members: [ben])
            let hers = try await stack.sit(ada, in: room), his = try await stack.sit(ben, in: room)
            try await stack.without("postgres") {
                let calls = [
                    ("GET", "/rooms"), ("GET", "/rooms/\(room.code)"), ("POST", "/rooms"),
                    ("GET", "/rooms/\(room.code)/messages"), ("GET", "/notifications"),
                ]
                for (method, path) in calls {
                    let answer = try await ada.http.exchange(method, path)
                    expectProblem(500, "database_unavailable", answer)
                    #expect(answer.json?["retryable"] == true)
                    #expect(answer.headers["retry-after"] != nil)
                }
                try await his.socket.send(["type": "typing", "isTyping": true])
                try await hers.inbox.first("typing") { $0.type == "typing" && $0["userId"]?.string == ben.id }
                let offer: JSONValue = ["type": "signal", "to": .string(ada.id), "data": ["sdp": "x"]]
                try await his.socket.send(offer)
                try await hers.inbox.first("signal") { $0.type == "signal" }
            }
            try await stack.recovered()
            _ = try await hers.bye()
            _ = try await his.bye()
        }

        @Test func `Without Redis history stays, those inside talk on, and nobody new comes in`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben"),
                cleo = try await stack.person("Cleo")
            let room = try await stack.room(of: ada, members: [ben, cleo], ["kind": "meeting", "maxParticipants": 2])
            let hers = try await stack.sit(ada, in: room), his = try await stack.sit(ben, in: room)
            try await stack.without("redis") {
                #expect(try await stack.refusal(of: cleo, in: room) == .unavailable)
                try await hers.say("can you hear me?", clientMessageID: "r1")
                _ = try await his.message("r1")
                #expect(try await ada.write("over REST", in: room).status == 201)
                #expect(try await cleo.http.get("/rooms/\(room.code)/messages")["items"]?.array?.count == 2)
                #expect(try await stack.room(of: ada).code.isEmpty == false)
            }
            // Redis came back empty: the seats are registered again before anybody new is let in.
            var refusals: Set<CloseCode> = []
            try await eventually("it is known again who sits there", every: .milliseconds(500)) {
                guard let code = try await stack.refusal(of: cleo, in: room) else { return false }
                refusals.insert(code)
                return code == .roomFull
            }
            #expect(refusals.isSubset(of: [.unavailable, .roomFull, .rateLimited]))
            #expect(his.socket.isOpen)
            try await hers.say("and now?", clientMessageID: "r2")
            _ = try await his.message("r2")
            _ = try await his.bye()
            // Full it was of those who had registered; another node that died lately is waited for, for a lease.
            try await eventually("the seat is another's", within: .seconds(120), every: .milliseconds(500)) {
                let code = try await stack.refusal(of: cleo, in: room)
                #expect([nil, .unavailable, .rateLimited].contains(code))
                return code == nil
            }
            await hers.socket.close()
            try await stack.recovered()
        }

        @Test func `A Redis that takes no writes costs nobody a seat, also for longer than a lease`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben"),
                cleo = try await stack.person("Cleo")
            let room = try await stack.room(of: ada, members: [ben, cleo])
            let hers = try await stack.sit(ada, in: room), his = try await stack.sit(ben, in: room)
            try await Self.limitRedis(to: "1", on: stack)
            let result = await Result { () async throws in
                for service in [Stack.Service.room, .signaling] {
                    try await eventually("\(service) misses it") {
                        let ready = try await ParlorHTTP(stack.url(of: service)).exchange("GET", "/ready")
                        return ready.json?["dependencies"]?["redis"] == "down"
                    }
                }
                #expect(try await stack.refusal(of: cleo, in: room) == .unavailable)
                try await Task.sleep(for: .seconds(35))
                try await hers.say("still here?", clientMessageID: "w1")
                _ = try await his.message("w1")
            }
            try await Self.limitRedis(to: "0", on: stack)
            try result.get()
            try await stack.recovered()
            #expect(hers.socket.isOpen && his.socket.isOpen)
            _ = try await hers.bye()
            _ = try await his.bye()
        }

        /// Sets how much memory Redis may use: with one byte it takes no writes, with none there is no limit.
        private static func limitRedis(to bytes: String, on stack: Stack) async throws {
            // Its own client knows no empty name.
            let url = try stack.value("REDIS_URL").replacing("//:", with: "//default:")
            try await Command.output(
                of: "/usr/bin/redis-cli", ["--no-auth-warning", "-u", url, "CONFIG", "SET", "maxmemory", bytes])
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
