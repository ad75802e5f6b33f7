import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct Keys {
        /// Sends one keyed request until it is answered for good, as a client does.
        private func insist(
            _ person: Person, _ path: String, _ body: JSONValue, key: String
        ) async throws -> JSONValue {
            var answer: ParlorAnswer?
            // Whoever died over the key holds it for a minute.
            try await eventually("the request \(key) is done", within: .seconds(180), every: .milliseconds(200)) {
                answer = try? await person.http.exchange("POST", path, body: body, headers: ["Idempotency-Key": key])
                guard let answer else { return false }
                let mayCome = [409, 429, 500, 502, 503].contains(answer.status)
                #expect(mayCome || answer.status == 201, "\(answer.text)")
                return answer.status == 201
            }
            return try #require(answer?.json)
        }

        @Test func `A keyed request is done once, whatever is killed over it`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let room = try await stack.room(of: ben)
            let count = 25
            try await withThrowingTaskGroup(of: String?.self) { group in
                for index in 0..<count {
                    group.addTask {
                        let key = "room-\(index)"
                        let made = try await insist(ada, "/rooms", ["name": .string(key)], key: key)
                        let again = try await insist(ada, "/rooms", ["name": .string(key)], key: key)
                        #expect(made == again, "each answer is the first")
                        return made["roomId"]?.string
                    }
                    group.addTask {
                        let body: JSONValue = ["content": .string("line \(index)"), "roomId": .string(room.code)]
                        let sent = try await insist(ben, "/messages", body, key: "message-\(index)")
                        return sent["id"]?.string
                    }
                }
                for service in [Stack.Service.room, .message] {
                    let pid = try stack.pid(of: service)
                    try stack.kill(service)
                    try await stack.awaitRestart(of: service, after: pid)
                }
                var made: Set<String> = []
                for try await id in group { if let id { made.insert(id) } }
                #expect(made.count == 2 * count)
            }
            #expect(try await ada.http.get("/rooms?limit=200&status=all")["items"]?.array?.count == count)
            let lines = try await ben.timeline(room).filter { $0["type"] == "message_created" }
            #expect(lines.count == count)
        }
    }
}
