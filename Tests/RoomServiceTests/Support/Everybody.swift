import Events
import HTTPTypes
import Identifiers

@testable import RoomService

/// A room with one of each role in it, and people outside.
struct Everybody: Sendable {
    var owner: TestUser
    var moderator: TestUser
    var member: TestUser
    /// Knows the room, and is no member.
    var other: TestUser
    var banned: TestUser

    init(_ rooms: TestRooms) async throws {
        owner = try await rooms.user("owner")
        moderator = try await rooms.user("moderator")
        member = try await rooms.user("member")
        other = try await rooms.user("other")
        banned = try await rooms.user("banned")
    }

    subscript(_ role: String) -> TestUser {
        switch role {
        case "owner": owner
        case "moderator": moderator
        case "member": member
        case "banned": banned
        default: other
        }
    }

    /// Makes a room of a type with everybody in their place.
    func room(_ rooms: TestRooms, type: String = "unlisted", isEnded: Bool = false) async throws -> String {
        let code = try await rooms.room(
            owner, ["type": .string(type), "genre": "jazz", "name": .string("The \(type) room"), "kind": "chat"])
        for user in [moderator, member] {
            try await rooms.call(
                .post, "/rooms/\(code)/members", as: owner, body: ["userId": .string(user.id.description)])
        }
        try await rooms.call(
            .patch, "/rooms/\(code)/members/\(moderator.id)", as: owner, body: ["role": "moderator"])
        try await rooms.call(
            .post, "/rooms/\(code)/bans", as: owner, body: ["userId": .string(banned.id.description)])
        if isEnded { try await rooms.call(.delete, "/rooms/\(code)", as: owner) }
        return code
    }
}
