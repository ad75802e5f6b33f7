import Events
import HTTPTypes
import Identifiers
import Postgres
import TestSupport

@testable import RoomService

extension TestRooms {
    @discardableResult
    func search(_ user: TestUser, _ interests: String...) async throws -> Answer {
        try await search(user, interests)
    }

    @discardableResult
    func search(_ user: TestUser, _ interests: [String]) async throws -> Answer {
        try await call(
            .post, "/chat/search", as: user,
            body: interests.isEmpty ? nil : ["interests": .array(interests.map(JSONValue.string))])
    }

    func standing(_ user: TestUser) async throws -> JSONValue {
        try await call(.get, "/chat/current-room", as: user).json
    }

    /// Two people in a pair, and its code; the first one waited longer.
    func pair() async throws -> (first: TestUser, second: TestUser, room: String) {
        let (first, second) = (try await user("first"), try await user("second"))
        try await search(first)
        clock.advance(by: .milliseconds(1))
        let answer = try await search(second)
        guard let room = answer.json["room"]["roomId"].string else { throw Unexpected(answer: answer) }
        return (first, second, room)
    }

    /// The events of a type that wait in the outbox, oldest first.
    func told(_ type: String) async throws -> [JSONValue] {
        try await sql("SELECT body FROM outbox WHERE type = \(type) ORDER BY id").map {
            try WireJSON.decode(from: try $0.get(0, as: [UInt8].self))
        }
    }

    func matchmaker() -> Matchmaker { Matchmaker(store: app.store, logger: .silent) }
}
