import Events
import Identifiers
import TestSupport
import Testing

@testable import MessageService

/// Sending over REST: refusals first, then exactly-once.
@Suite struct SendingTests {
    @Test func refusesInTheContractsOrder() async throws {
        try await Stage.run { stage, instances in
            let service = instances[0]
            let (anna, ben, eve) = (UserID.new(), UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            let path = "/rooms/\(room.code)/messages"
            func code(_ user: UserID, _ path: String, _ body: JSONValue?) async throws -> String? {
                try await service.call(user, "POST", path, body).code
            }
            // 404 of the room comes before all else.
            #expect(try await code(anna, "/rooms/nowhere/messages", ["content": 5]) == "room_not_found")
            #expect(try await code(anna, "/rooms/aaa-aaaa-aaa/messages", ["content": 5]) == "room_not_found")
            #expect(try await code(anna, "/messages", ["roomId": "x", "content": 5]) == "room_not_found")
            #expect(try await code(anna, "/messages", ["content": "x"]) == "invalid_input")
            #expect(try await code(anna, "/messages", ["roomId": 7]) == "invalid_input")
            // Then 403, then 410, then 400, then what the body names.
            #expect(try await code(eve, path, ["content": 5]) == "not_a_member")
            #expect(try await code(anna, path, ["content": 5]) == "invalid_input")
            #expect(try await code(anna, path, [:]) == "invalid_input")
            #expect(try await code(anna, path, nil) == "invalid_input")
            #expect(try await code(anna, path, "text") == "invalid_json")
            let unknown = JSONValue.string(MessageID.new().description)
            let reply: JSONValue = ["content": "x", "type": "reply", "parentId": unknown]
            #expect(try await code(anna, path, reply) == "message_not_found")
            let broken = try await service.call(anna, "POST", path, ["content": "", "type": "reply"])
            #expect(broken.status == 400)
            #expect(broken.json["errors"]?.array?.compactMap { $0["field"]?.string } == ["content", "parentId"])
            stage.rooms.join(room, ben)
            stage.rooms.update(room, ben, muted: true)
            #expect(try await code(ben, path, ["content": 5]) == "muted")
            stage.rooms.ban(room, ben)
            try await eventually("the ban arrived") {
                _ = try await service.parts.timeline.facts.catchUp(.id(room.id))
                return try await code(ben, path, ["content": 5]) == "banned"
            }
            stage.rooms.end(room)
            _ = try await service.parts.timeline.facts.catchUp(.id(room.id))
            #expect(try await code(eve, path, ["content": 5]) == "not_a_member")
            #expect(try await code(anna, path, ["content": 5]) == "room_ended")
            #expect(try await service.call(anna, "GET", path).status == 200)
            #expect(try await service.call(eve, "GET", path).code == "not_a_member")
        }
    }

    @Test func noRefusalIsStale() async throws {
        try await Stage.run { stage, instances in
            let service = instances[0]
            let (anna, ben) = (UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            #expect(try await service.send(ben, room, "x").code == "not_a_member")
            stage.rooms.join(room, ben)
            #expect(try await service.send(ben, room, "x").status == 201)
            #expect(try await service.timeline(ben, room).items[1]["member"]?["userId"]?.string == ben.description)
            stage.rooms.update(room, ben, muted: true)
            _ = try await service.parts.timeline.facts.catchUp(.id(room.id))
            #expect(try await service.send(ben, room, "y").code == "muted")
            stage.rooms.update(room, ben, muted: false)
            #expect(try await service.send(ben, room, "y").status == 201)
            // Whoever cannot ask does not refuse.
            stage.rooms.isAway = true
            let answer = try await service.send(.new(), room, "z")
            #expect(answer.status == 503)
            #expect(answer.json["retryable"] == .bool(true))
            #expect(try await service.send(ben, room, "z").status == 201)
        }
    }

    @Test func sameClientMessageIdIsOneMessage() async throws {
        try await Stage.run(instances: 2) { stage, instances in
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            let path = "/rooms/\(room.code)/messages"
            _ = try await instances[0].send(anna, room, "first")
            for round in 0..<10 {
                let body: JSONValue = ["content": .string("text \(round)"), "clientMessageId": .string("c\(round)")]
                let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                    for twin in 0..<10 {
                        group.addTask { try await instances[twin % 2].call(anna, "POST", path, body) }
                    }
                    return try await group.reduce(into: [Answer]()) { $0.append($1) }
                }
                #expect(answers.filter { $0.status == 201 }.count == 1)
                #expect(answers.filter { $0.status == 200 }.count == 9)
                #expect(Set(answers.compactMap { $0.json["id"]?.string }).count == 1)
            }
            let other = try await instances[1].call(
                anna, "POST", path, ["content": "another", "clientMessageId": "c0"])
            #expect(other.status == 422)
            #expect(other.code == "idempotency_mismatch")
            #expect(try await instances[0].timeline(anna, room).seqs == Array(1...12))
            // For the life of the message: edited, deleted, ended, the repeat finds it.
            let original = try await instances[0].call(
                anna, "POST", path, ["content": "text 3", "clientMessageId": "c3"])
            let id = try #require(original.json["id"]?.string)
            _ = try await instances[0].call(anna, "PUT", "/messages/\(id)", ["content": "edited"])
            #expect(try await instances[0].call(anna, "DELETE", "/messages/\(id)").status == 204)
            stage.rooms.end(room)
            _ = try await instances[0].parts.timeline.facts.catchUp(.id(room.id))
            let late = try await instances[1].call(anna, "POST", path, ["content": "text 3", "clientMessageId": "c3"])
            #expect(late.status == 200)
            #expect(late.json["id"]?.string == id)
            #expect(try await instances[1].send(anna, room, "new").code == "room_ended")
        }
    }

    @Test func idempotencyKeyReplays() async throws {
        try await Stage.run { stage, instances in
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            let path = "/rooms/\(room.code)/messages"
            let key = ["Idempotency-Key": "k1"]
            let first = try await instances[0].call(anna, "POST", path, ["content": "x"], headers: key)
            let again = try await instances[0].call(anna, "POST", path, ["content": "x"], headers: key)
            #expect(first.status == 201 && again.status == 201)
            #expect(first.json == again.json)
            #expect(again.headers["idempotent-replayed"] == "true")
            #expect(try await instances[0].call(anna, "POST", path, ["content": "y"], headers: key).status == 422)
        }
    }

    @Test func repeatedTextIsRefusedButNotARepeatedMessage() async throws {
        try await Stage.run(environment: ["REPEAT_WINDOW_SECONDS": "3600"]) { stage, instances in
            let service = instances[0]
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            let path = "/rooms/\(room.code)/messages"
            let repeated: JSONValue = ["content": "same", "clientMessageId": "c"]
            for _ in 0..<8 { #expect(try await service.call(anna, "POST", path, repeated).status < 300) }
            for _ in 0..<4 { #expect(try await service.send(anna, room, "same").status == 201) }
            let refused = try await service.send(anna, room, "same")
            #expect(refused.status == 429)
            #expect(refused.code == "rate_limited")
            #expect(Int(refused.headers["retry-after"] ?? "") ?? 0 > 60)
            #expect(try await service.call(anna, "POST", path, repeated).status == 200)
            #expect(try await service.send(anna, room, "other").status == 201)
            #expect(try await service.timeline(anna, room).seqs == Array(1...7))
        }
    }

    @Test func ratesAreLimitedPerUserAndRoom() async throws {
        try await Stage.run(environment: ["MESSAGE_RATE": "0.01", "MESSAGE_BURST": "3"]) { stage, instances in
            let anna = UserID.new()
            let (room, other) = (stage.rooms.create(owner: anna), stage.rooms.create(owner: anna))
            for text in ["a", "b", "c"] { #expect(try await instances[0].send(anna, room, text).status == 201) }
            let refused = try await instances[0].send(anna, room, "d")
            #expect(refused.status == 429)
            #expect(refused.headers["retry-after"] != nil)
            #expect(refused.headers["ratelimit-limit"] == "3")
            #expect(try await instances[0].send(anna, other, "d").status == 201)
        }
    }
}
