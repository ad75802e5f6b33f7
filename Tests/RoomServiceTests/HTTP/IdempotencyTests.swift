import Events
import Foundation
import HTTPTypes
import Hummingbird
import Identifiers
import Postgres
import Testing

@testable import HTTPSupport
@testable import RoomService

/// Keys, and what may happen to the process that works on one.
@Suite struct IdempotencyTests {
    private static let key = ["Idempotency-Key": "k"]
    private static let replayed = HTTPField.Name("Idempotent-Replayed")!

    private struct Broken: Error {
        var words: String
        init(_ words: String) { self.words = words }
    }

    private func count(_ table: String, _ rooms: TestRooms) async throws -> Int {
        try await rooms.sql("SELECT count(*) FROM \(unescaped: table)")[0].get(0)
    }

    /// One commit makes both, so that no crash can come between.
    @Test func theAnswerIsKeptWithWhatItTells() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let room = try await rooms.call(.post, "/rooms", as: owner, body: ["name": "a"], headers: Self.key)
            let code = try #require(room.json["roomId"].string)
            let made = try await rooms.call(
                .post, "/rooms/\(code)/invite", as: owner, body: ["email": "x@example.test"], headers: Self.key)
            #expect(made.status == 201)
            for (table, path) in [("rooms", "/rooms"), ("invitations", "/rooms/\(code)/invite")] {
                let together = try await rooms.sql(
                    """
                    SELECT k.xmin = t.xmin, k.status FROM idempotency_keys k, \(unescaped: table) t
                    WHERE k.path = \(path)
                    """)
                // Inviting changes nothing about the room.
                #expect(try together.map { try $0.get(0, as: Bool.self) } == [true])
                #expect(try together.map { try $0.get(1, as: Int32.self) } == [201])
            }
            let again = try await rooms.call(
                .post, "/rooms/\(code)/invite", as: owner, body: ["email": "x@example.test"], headers: Self.key)
            #expect(again.status == 201)
            #expect(again.json == made.json)
            #expect(again.headers[Self.replayed] == "true")
            let replay = try await rooms.call(.post, "/rooms/", as: owner, body: ["name": "a"], headers: Self.key)
            #expect(replay.json == room.json)
            #expect(replay.headers[.location] == "/rooms/\(code)")
            #expect(replay.headers[.eTag] == "\"1\"")
        }
    }

    /// Whoever was too slow, and lost the key to another attempt, makes nothing.
    @Test func whoLostTheKeyCommitsNothing() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let caller = Caller(userID: owner.id, displayName: "owner", verifiedEmail: nil, plan: "free")
            let draft = try RoomDraft(.init(), plan: "free", limits: PlanLimits())
            let lost = IdempotencyHold(.init(token: UUID(), operation: UUID()))
            await #expect(throws: Problem.self) {
                _ = try await rooms.app.store.create(draft, by: caller) { _, transaction in
                    try await lost.keep(try .json(["a": 1], status: .created), in: transaction)
                }
            }
            #expect(try await count("rooms", rooms) == 0)
            #expect(try await count("outbox", rooms) == 0)
        }
    }

    @Test func aDeadAttemptIsTakenOverByTheSameRequestOnly() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let store = IdempotencyStore(pool: rooms.app.store.pool)
            func claim(_ hash: UInt8) async throws -> IdempotencyStore.Outcome {
                try await store.claim(
                    .init(userID: owner.id.uuid, method: "POST", path: "/rooms", key: "k", bodyHash: [hash]))
            }
            guard case .claimed(let first) = try await claim(1) else { throw Broken("the key was not free") }
            guard case .inFlight = try await claim(1) else { throw Broken("a twin was let in") }
            guard case .mismatch = try await claim(2) else { throw Broken("another body was let in") }
            try await store.giveBack(first.token)
            guard case .mismatch = try await claim(2) else { throw Broken("another body took over") }
            guard case .claimed(let second) = try await claim(1) else { throw Broken("nobody took over") }
            #expect(second.operation == first.operation)
            #expect(second.token != first.token)
            // The dead one was not dead: it changes nothing any more.
            try await store.release(first.token)
            guard case .inFlight = try await claim(1) else { throw Broken("the key was released") }
            try await store.release(second.token)
            guard case .claimed(let third) = try await claim(2) else { throw Broken("the key is not free") }
            #expect(third.operation != first.operation)
        }
    }

    @Test func theOrderOfFieldsIsNoOtherBody() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            func make(_ text: String) async throws -> Answer {
                try await rooms.send(.post, "/rooms", as: owner, text: text, headers: Self.key)
            }
            let first = try await make(#"{"name": "a", "kind": "chat"}"#)
            #expect(first.status == 201)
            let again = try await make(#"{"kind":"chat","name":"a"}"#)
            #expect(again.headers[Self.replayed] == "true")
            #expect(again.json == first.json)
            #expect(try await make(#"{"kind":"chat","name":"b"}"#).status == 422)
        }
    }

    @Test func noBodyIsTheEmptyOne() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let first = try await rooms.call(.post, "/rooms", as: owner, headers: Self.key)
            let again = try await rooms.call(.post, "/rooms", as: owner, body: [:], headers: Self.key)
            #expect(again.status == 201 && again.json == first.json)
        }
    }

    /// Longer than what the table of keys could take.
    @Test func aLongPathNamesNothing() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user("owner")
            let name = (0..<200).map { _ in UUID().uuidString }.joined()
            let answer = try await rooms.call(
                .post, "/rooms/\(name)/invite", as: owner, body: ["email": "x@example.test"], headers: Self.key)
            #expect(answer.code == "room_not_found")
        }
    }

    @Test func aRefusalLeavesTheKeyFree() async throws {
        try await TestRooms.run { rooms in
            let (owner, other) = (try await rooms.user("owner"), try await rooms.user("other"))
            let bad = try await rooms.call(.post, "/rooms", as: owner, body: ["name": ""], headers: Self.key)
            #expect(bad.status == 400)
            let room = try await rooms.call(.post, "/rooms", as: owner, body: ["name": "a"], headers: Self.key)
            #expect(room.status == 201)
            let code = room.json["roomId"].string ?? ""
            func invite() async throws -> Int {
                try await rooms.call(
                    .post, "/rooms/\(code)/invite", as: other, body: ["email": "x@example.test"], headers: Self.key
                ).status
            }
            #expect(try await invite() == 403)
            try await rooms.join(other, code)
            #expect(try await invite() == 201)
        }
    }

    /// A key belongs to caller, method and path, and to a day.
    @Test func aKeyIsGoodForOneRequest() async throws {
        try await TestRooms.run { rooms in
            let (owner, other) = (try await rooms.user("owner"), try await rooms.user("other"))
            func make(_ user: TestUser) async throws -> Answer {
                try await rooms.call(.post, "/rooms", as: user, headers: Self.key)
            }
            let first = try await make(owner)
            #expect(try await make(other).json["roomId"] != first.json["roomId"])
            #expect(try await make(owner).json == first.json)
            _ = try await rooms.sql("UPDATE idempotency_keys SET created_at = created_at - interval '24 hours'")
            #expect(try await make(owner).json["roomId"] != first.json["roomId"])
        }
    }
}
