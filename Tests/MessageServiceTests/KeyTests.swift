import Events
import Identifiers
import Postgres
import TestSupport
import Testing

@testable import MessageService

/// Idempotency keys of messages, and what may happen to the process that works on one.
@Suite struct KeyTests {
    private static let key = ["Idempotency-Key": "k1"]

    /// As a process leaves it that died after the message's commit, a minute ago.
    private func forgetAnswers(_ service: Instance) async throws {
        try await service.parts.pool.execute(
            """
            UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL,
                leased_until = now() - interval '1 second'
            """)
    }

    @Test(arguments: [false, true])
    func anAttemptAfterACrashFindsTheMessage(isNamed: Bool) async throws {
        try await Stage.run(instances: 2) { stage, instances in
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            for path in ["/messages", "/rooms/\(room.code)/messages"] {
                var body: [String: JSONValue] = ["content": "x", "roomId": .string(room.code.description)]
                if isNamed { body["clientMessageId"] = .string("named \(path)") }
                let first = try await instances[0].call(anna, "POST", path, .object(body), headers: Self.key)
                #expect(first.status == 201)
                try await forgetAnswers(instances[0])
                // Another body is another request, though nobody knows what became of the first.
                var other = body
                other["content"] = "y"
                let mismatch = try await instances[1].call(anna, "POST", path, .object(other), headers: Self.key)
                #expect(mismatch.status == 422)
                let second = try await instances[1].call(anna, "POST", path, .object(body), headers: Self.key)
                // The first answer was never heard; this one takes its place, whatever the sender calls the message.
                #expect(second.status == 201)
                #expect(second.headers["location"] == first.headers["location"])
                #expect(second.json == first.json)
                let third = try await instances[0].call(anna, "POST", path, .object(body), headers: Self.key)
                #expect(third.headers["idempotent-replayed"] == "true")
                #expect(third.json == first.json)
            }
            #expect(try await instances[0].timeline(anna, room).seqs == [1, 2, 3])
        }
    }

    /// Twins at two instances, one of them after the other died.
    @Test func manyAtOnceMakeOneMessage() async throws {
        try await Stage.run(instances: 2) { stage, instances in
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            let path = "/rooms/\(room.code)/messages"
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        try await instances[number % 2].call(anna, "POST", path, ["content": "x"], headers: Self.key)
                    }
                }
                return try await group.reduce(into: [Answer]()) { $0.append($1) }
            }
            #expect(Set(answers.map(\.status)).isSubset(of: [201, 409]))
            #expect(Set(answers.filter { $0.status == 201 }.compactMap { $0.json["id"]?.string }).count == 1)
            #expect(answers.filter { $0.status == 409 }.allSatisfy { $0.code == "request_in_flight" })
            #expect(try await instances[0].timeline(anna, room).seqs == [1, 2])
        }
    }

    @Test func aRefusalLeavesTheKeyFree() async throws {
        try await Stage.run { stage, instances in
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            let path = "/rooms/\(room.code)/messages"
            let bad = try await instances[0].call(anna, "POST", path, ["content": ""], headers: Self.key)
            #expect(bad.status == 400)
            let good = try await instances[0].call(anna, "POST", path, ["content": "x"], headers: Self.key)
            #expect(good.status == 201)
        }
    }
}
