import Events
import HTTPTypes
import Identifiers
import Postgres
import TestSupport
import Testing

@testable import RoomService

/// Who may do what: every endpoint, every role, rooms open, private and ended.
@Suite struct AccessTests {
    struct Row: Sendable {
        var method: HTTPRequest.Method
        /// After `/rooms/{room}`; `{member}` and so on stand for users' ids.
        var path: String
        var body: [String: JSONValue]?
        /// Status and code for owner, moderator, member, other. Who is banned is another.
        var expected: [String]
        /// The same once the room has ended.
        var ended: [String]
    }

    private static let readers = ["200", "200", "200", "403 not_a_member"]
    private static let guards = ["200", "200", "403 forbidden", "403 not_a_member"]
    private static let goneToAll = ["410 room_ended", "410 room_ended", "410 room_ended", "403 not_a_member"]
    private static let goneToGuards = ["410 room_ended", "410 room_ended", "403 forbidden", "403 not_a_member"]
    private static let goneToOwner = ["410 room_ended", "403 forbidden", "403 forbidden", "403 not_a_member"]

    private static let roles = ["owner", "moderator", "member", "other", "banned"]

    /// What the table leaves to other tests, for it depends on the room's type or is about an invitation or account.
    private static let elsewhere: Set<String> = [
        "GET /rooms/{room}", "POST /rooms/{room}/join", "GET /rooms", "POST /rooms", "GET /rooms/discover",
        "GET /invitations", "POST /invitations/accept", "POST /invitations/{invitation}/accept",
        "POST /invitations/{invitation}/decline", "DELETE /invitations/{invitation}", "GET /users/me",
        "POST /auth/dev-token", "POST /admin/users/{user}/ban", "DELETE /admin/users/{user}/ban",
        "GET /admin/reports",
    ]

    @Test func theTableHasEveryEndpoint() throws {
        let tested = Self.table.map { row in
            let path = row.path.replacing(/\{\w+\}/, with: "{user}")
            return "\(row.method.rawValue) /rooms/{room}\(path)"
        }
        let mine = try OpenAPIDocument.shared.operations
            .filter { Set($0.tags).isDisjoint(with: ["Messages", "Notifications", "Listening sessions", "Pairing"]) }
        #expect(Set(mine.map(\.name)) == Set(tested).union(Self.elsewhere))
    }

    static let table: [Row] = [
        Row(method: .get, path: "/participants", expected: readers, ended: readers),
        Row(method: .get, path: "/members", expected: readers, ended: readers),
        Row(method: .get, path: "/stats", expected: readers, ended: readers),
        Row(method: .get, path: "/invitations", expected: readers, ended: readers),
        Row(method: .get, path: "/audit", expected: guards, ended: guards),
        Row(method: .get, path: "/audit/verify", expected: guards, ended: guards),
        Row(method: .get, path: "/bans", expected: guards, ended: guards),
        Row(
            method: .patch, path: "", body: ["description": "new"],
            expected: ["200", "403 forbidden", "403 forbidden", "403 not_a_member"], ended: goneToOwner),
        Row(
            method: .put, path: "", body: ["description": "other"],
            expected: ["200", "403 forbidden", "403 forbidden", "403 not_a_member"], ended: goneToOwner),
        Row(
            method: .delete, path: "",
            expected: ["204", "403 forbidden", "403 forbidden", "403 not_a_member"], ended: goneToOwner),
        Row(
            method: .post, path: "/leave",
            expected: ["200", "200", "200", "403 not_a_member"], ended: goneToAll),
        Row(
            method: .post, path: "/invite", body: ["email": "new@example.test"],
            expected: ["201", "201", "201", "403 not_a_member"], ended: goneToAll),
        Row(
            method: .post, path: "/reports", body: ["reason": "because"],
            expected: ["201", "201", "201", "403 not_a_member"], ended: ["201", "201", "201", "403 not_a_member"]),
        Row(
            method: .get, path: "/ice-servers",
            expected: ["403 forbidden", "403 forbidden", "403 forbidden", "403 not_a_member"], ended: goneToAll),
        Row(
            method: .post, path: "/members", body: ["userId": "{other}"],
            expected: ["201", "201", "403 forbidden", "403 not_a_member"], ended: goneToGuards),
        Row(
            method: .patch, path: "/members/{member}", body: ["isMuted": true],
            expected: ["200", "200", "403 forbidden", "403 not_a_member"], ended: goneToGuards),
        Row(
            method: .patch, path: "/members/{moderator}", body: ["isMuted": true],
            expected: ["200", "403 forbidden", "403 forbidden", "403 not_a_member"], ended: goneToOwner),
        Row(
            method: .patch, path: "/members/{owner}", body: ["isMuted": true],
            expected: ["403 forbidden", "403 forbidden", "403 forbidden", "403 not_a_member"],
            ended: ["403 forbidden", "403 forbidden", "403 forbidden", "403 not_a_member"]),
        Row(
            method: .patch, path: "/members/{member}", body: ["role": "moderator"],
            expected: ["200", "403 forbidden", "403 forbidden", "403 not_a_member"],
            ended: ["410 room_ended", "410 room_ended", "403 forbidden", "403 not_a_member"]),
        Row(
            method: .patch, path: "/members/{other}", body: ["isMuted": true],
            expected: ["404 user_not_found", "404 user_not_found", "403 forbidden", "403 not_a_member"],
            ended: ["404 user_not_found", "404 user_not_found", "403 forbidden", "403 not_a_member"]),
        Row(
            method: .delete, path: "/members/{member}",
            expected: ["204", "204", "403 forbidden", "403 not_a_member"], ended: goneToGuards),
        Row(
            method: .delete, path: "/members/{owner}",
            expected: ["403 forbidden", "403 forbidden", "403 forbidden", "403 not_a_member"],
            ended: ["403 forbidden", "403 forbidden", "403 forbidden", "403 not_a_member"]),
        Row(
            method: .post, path: "/bans", body: ["userId": "{member}", "reason": "loud"],
            expected: ["201", "201", "403 forbidden", "403 not_a_member"], ended: goneToGuards),
        Row(
            method: .post, path: "/bans", body: ["userId": "{owner}"],
            expected: ["403 forbidden", "403 forbidden", "403 forbidden", "403 not_a_member"],
            ended: goneToGuards),
        Row(
            method: .delete, path: "/bans/{banned}",
            expected: ["204", "204", "403 forbidden", "403 not_a_member"], ended: goneToGuards),
        Row(
            method: .delete, path: "/bans/{other}",
            expected: ["404 not_found", "404 not_found", "403 forbidden", "403 not_a_member"],
            ended: ["404 not_found", "404 not_found", "403 forbidden", "403 not_a_member"]),
    ]

    /// By code and by UUID; the type of a room opens nothing but what ``strangers(type:byID:read:join:)`` says.
    @Test(
        arguments: [("public", false), ("unlisted", true), ("private", true), ("private", false), ("genre", false)],
        [false, true])
    func everyEndpointAndRole(kind: (type: String, byID: Bool), isEnded: Bool) async throws {
        let (type, byID) = kind
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            func make() async throws -> String {
                let code = try await people.room(rooms, type: type, isEnded: isEnded)
                return byID ? try await rooms.id(of: code).description : code
            }
            let shared = try await make()
            for row in Self.table {
                let expected = isEnded ? row.ended : row.expected
                for (role, wanted) in zip(Self.roles, expected + [expected[3]]) {
                    // Who is let through changes the room; who is refused must leave it as it was.
                    let isFresh = wanted.hasPrefix("2") && row.method != .get
                    let room = isFresh ? try await make() : shared
                    let answer = try await rooms.call(
                        row.method, "/rooms/\(room)" + Self.fill(row.path, people), as: people[role],
                        body: row.body?.mapValues { $0.string.map { .string(Self.fill($0, people)) } ?? $0 })
                    let got = [String(answer.status), answer.code].compactMap { $0 }.joined(separator: " ")
                    #expect(got == wanted, "\(row.method) \(row.path) \(row.body ?? [:]) as \(role), \(kind)")
                }
            }
        }
    }

    private static func fill(_ text: String, _ people: Everybody) -> String {
        var text = text
        for role in ["owner", "moderator", "member", "other", "banned"] {
            text = text.replacing("{\(role)}", with: people[role].id.description)
        }
        return text
    }

    /// Type, by code or id; what a stranger gets from reading and from joining.
    @Test(arguments: [
        ("public", false, "200", "200"), ("public", true, "200", "200"),
        ("genre", true, "200", "200"), ("artist", true, "200", "200"),
        ("unlisted", false, "200", "200"), ("unlisted", true, "403 not_a_member", "403 forbidden"),
        ("private", false, "403 not_a_member", "403 invitation_required"),
        ("private", true, "403 not_a_member", "403 invitation_required"),
    ])
    func strangers(type: String, byID: Bool, read: String, join: String) async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let code = try await people.room(rooms, type: type)
            let name = byID ? try await rooms.id(of: code).description : code
            func got(_ answer: Answer) -> String {
                [String(answer.status), answer.code].compactMap { $0 }.joined(separator: " ")
            }
            let preview = try await rooms.call(.get, "/rooms/\(name)", as: people.other)
            #expect(got(preview) == read)
            if preview.status == 200 {
                #expect(preview.json["hostId"] == .null)
                #expect(preview.json["myRole"] == .null)
            }
            #expect(got(try await rooms.call(.post, "/rooms/\(name)/join", as: people.other)) == join)
            #expect(got(try await rooms.call(.post, "/rooms/\(name)/join", as: people.banned)) == "403 banned")
            let whole = try await rooms.call(.get, "/rooms/\(name)", as: people.member)
            #expect(whole.json["hostId"].string == people.owner.id.description)
            #expect(whole.json["myRole"] == "member")
        }
    }

    /// Nothing about a private room is in any answer to who does not belong there, whichever way they ask.
    @Test func aPrivateRoomSaysNothing() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let code = try await rooms.room(
                people.owner,
                ["type": "private", "name": "Conspiracy", "description": "Dagger", "genre": "Noir", "kind": "chat"])
            try await rooms.call(
                .post, "/rooms/\(code)/members", as: people.owner,
                body: ["userId": .string(people.member.id.description)])
            try await rooms.call(
                .post, "/rooms/\(code)/bans", as: people.owner,
                body: ["userId": .string(people.banned.id.description)])
            let id = try await rooms.id(of: code).description
            var secrets = ["Conspiracy", "Dagger", "Noir"]
            secrets += [people.owner, people.member].map(\.id.description)
            for user in [people.other, people.banned] {
                for (room, unsaid) in [(code, id), (id, code)] {
                    let paths = Self.table.filter { $0.method == .get }.map(\.path) + [""]
                    for path in paths {
                        let answer = try await rooms.call(.get, "/rooms/\(room)\(path)", as: user)
                        #expect(answer.status == 403)
                        let text = String(decoding: try WireJSON.encode(answer.json), as: UTF8.self)
                        #expect(!(secrets + [unsaid]).contains { text.contains($0) }, "\(path): \(text)")
                        #expect(answer.headers[.eTag] == nil)
                    }
                    let joining = try await rooms.call(.post, "/rooms/\(room)/join", as: user)
                    let text = String(decoding: try WireJSON.encode(joining.json), as: UTF8.self)
                    #expect(joining.status == 403 && !(secrets + [unsaid]).contains { text.contains($0) })
                }
                for query in ["", "?q=conspiracy", "?q=dagger", "?genre=noir", "?sort=newest", "?kind=chat"] {
                    #expect(try await rooms.call(.get, "/rooms/discover\(query)", as: user).json.items.isEmpty)
                }
                #expect(try await rooms.call(.get, "/rooms?status=all", as: user).json.items.isEmpty)
                #expect(try await rooms.call(.get, "/invitations", as: user).json.items.isEmpty)
            }
        }
    }

    @Test func anEndedRoomIsGoneOnlyToWhoCouldHaveCome() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            for (type, code) in [("unlisted", "room_ended"), ("private", "invitation_required")] {
                let room = try await people.room(rooms, type: type, isEnded: true)
                #expect(try await rooms.call(.post, "/rooms/\(room)/join", as: people.other).code == code)
                #expect(try await rooms.call(.post, "/rooms/\(room)/join", as: people.banned).code == "banned")
                #expect(try await rooms.call(.post, "/rooms/\(room)/join", as: people.member).code == "room_ended")
                let whole = try await rooms.call(.get, "/rooms/\(room)", as: people.member)
                #expect(whole.json["isActive"] == false)
                #expect(whole.json["myRole"] == "member")
            }
        }
    }

    @Test func unknownAndMalformedRoomsAreNotFound() async throws {
        try await TestRooms.run { rooms in
            let user = try await rooms.user()
            for name in ["abc-defg-hij", RoomID.new().description, "nonsense", "ABC-DEFG-HIJ"] {
                for path in ["", "/participants", "/stats", "/members", "/audit", "/bans"] {
                    let answer = try await rooms.call(.get, "/rooms/\(name)\(path)", as: user)
                    #expect(answer.status == 404)
                    #expect(answer.code == "room_not_found")
                }
            }
            #expect(try await rooms.call(.get, "/rooms/abc-defg-hij").status == 401)
        }
    }
}
