import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct ExactlyOnce {
        @Test func `Five parallel twins over REST and sockets make one message`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), room = try await stack.room(of: ada)
            let seats = [try await stack.sit(ada, in: room), try await stack.sit(ada, in: room)]
            for round in 0..<5 {
                let id = "twin-\(round)", content = "twin \(round)"
                let seqs = try await withThrowingTaskGroup(of: (seq: Int?, id: String?).self) { group in
                    for _ in 0..<3 {
                        group.addTask {
                            let answer = try await ada.write(content, in: room, id: id)
                            #expect([200, 201].contains(answer.status), "\(answer.text)")
                            return (answer.json?["seq"]?.int, answer.json?["id"]?.string)
                        }
                    }
                    for seat in seats {
                        group.addTask {
                            let ack = try await seat.say(content, clientMessageID: id)
                            return (ack["seq"]?.int, ack["messageId"]?.string)
                        }
                    }
                    return try await group.reduce(into: Set<String>()) { $0.insert("\($1.seq ?? 0) \($1.id ?? "")") }
                }
                #expect(seqs.count == 1, "\(seqs)")
            }
            let messages = try await ada.timeline(room).filter { $0["type"] == "message_created" }
            #expect(messages.count == 5)
            for seat in seats { await seat.socket.close() }
        }

        @Test func `A repeat says 200 and gives the original; another text under its name is refused`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), room = try await stack.room(of: ada)
            let first = try await ada.write("hello", in: room, id: "same")
            let again = try await ada.write("hello", in: room, id: "same")
            #expect(first.status == 201)
            #expect(again.status == 200)
            expectShape(.message, first.json)
            #expect(again.json == first.json)
            expectProblem(422, "idempotency_mismatch", try await ada.write("other", in: room, id: "same"))
            let seat = try await stack.sit(ada, in: room)
            let error = await #expect(throws: ParlorClientError.self) {
                try await seat.say("other", clientMessageID: "same")
            }
            guard case .refused(let code, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(code == "idempotency_mismatch")
            await seat.socket.close()
        }

        @Test func `An idempotency key replays the first answer and minds the body`() async throws {
            let stack = try Stack.here, ada = try await stack.person("Ada")
            let key = ["Idempotency-Key": "key-\(UUID())"]
            let first = try await ada.http.call("POST", "/rooms", body: ["name": "Once"], headers: key)
            let again = try await ada.http.call("POST", "/rooms", body: ["name": "Once"], headers: key)
            #expect(again.json == first.json)
            #expect(again.headers["idempotent-replayed"] == "true")
            let other = try await ada.http.exchange("POST", "/rooms", body: ["name": "Twice"], headers: key)
            expectProblem(422, "idempotency_mismatch", other)
            #expect(try await ada.http.get("/rooms")["items"]?.array?.count == 1)
        }

        @Test func `The same text again and again is a limit, a resend is not`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), room = try await stack.room(of: ada)
            for _ in 0..<10 { #expect(try await ada.write("same", in: room, id: "one").isSuccess) }
            var statuses: [Int] = []
            for index in 0..<7 { statuses.append(try await ada.write("same", in: room, id: "other-\(index)").status) }
            #expect(statuses.contains(429))
            #expect(statuses.first == 201)
        }
    }
}
