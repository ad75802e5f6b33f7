import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    /// The access table: room types × roles × endpoints.
    @Suite struct Access {
        enum Role: String, CaseIterable { case owner, moderator, member, other, banned, nobody }

        struct Rule: Sendable, CustomTestStringConvertible {
            var method = "GET"
            var path: String
            var body: JSONValue?
            /// The status, and for refusals the code, by role; others get `rest`.
            var allowed: Set<Role>
            var refusal: String
            var testDescription: String { "\(method) \(path)" }
        }

        static let all: Set<Role> = [.owner, .moderator, .member]

        /// Calls that change nothing, so that all roles can try them on one room.
        static let rules: [Rule] = [
            Rule(path: "/members", allowed: all, refusal: "not_a_member"),
            Rule(path: "/participants", allowed: all, refusal: "not_a_member"),
            Rule(path: "/stats", allowed: all, refusal: "not_a_member"),
            Rule(path: "/invitations", allowed: all, refusal: "not_a_member"),
            Rule(path: "/messages", allowed: all, refusal: "not_a_member"),
            Rule(path: "/timeline", allowed: all, refusal: "not_a_member"),
            Rule(path: "/messages/search?q=word", allowed: all, refusal: "not_a_member"),
            Rule(path: "/pins", allowed: all, refusal: "not_a_member"),
            Rule(path: "/audit", allowed: [.owner, .moderator], refusal: "not_a_member"),
            Rule(path: "/bans", allowed: [.owner, .moderator], refusal: "not_a_member"),
            Rule(method: "PATCH", path: "", body: ["description": "same"], allowed: [.owner], refusal: "not_a_member"),
            Rule(method: "PUT", path: "/read", body: ["seq": 1], allowed: all, refusal: "not_a_member"),
            Rule(method: "DELETE", path: "", allowed: [], refusal: "not_a_member"),
        ]

        private struct Cast {
            var room: TestRoom
            var people: [Role: ParlorHTTP]
        }

        private func cast(_ type: String) async throws -> Cast {
            let stack = try Stack.here
            let owner = try await stack.person("Owner"), moderator = try await stack.person("Moderator")
            let member = try await stack.person("Member"), other = try await stack.person("Other")
            let banned = try await stack.person("Banned")
            var fields: [String: JSONValue] = ["type": .string(type)]
            if type == "genre" { fields["genre"] = "Jazz" }
            let room = try await stack.room(of: owner, fields)
            for person in [moderator, member, banned] {
                try await owner.http.post("/rooms/\(room.code)/members", ["userId": .string(person.id)])
            }
            try await owner.http.call(
                "PATCH", "/rooms/\(room.code)/members/\(moderator.id)", body: ["role": "moderator"])
            try await owner.http.post("/rooms/\(room.code)/bans", ["userId": .string(banned.id)])
            let people: [Role: ParlorHTTP] = [
                .owner: owner.http, .moderator: moderator.http, .member: member.http, .other: other.http,
                .banned: banned.http, .nobody: try stack.http,
            ]
            return Cast(room: room, people: people)
        }

        @Test(arguments: ["public", "unlisted", "private", "genre"])
        func `Everybody may do what the table says, and nothing else`(type: String) async throws {
            let cast = try await cast(type)
            for rule in Self.rules {
                for role in Role.allCases where !(rule.method == "DELETE" && role == .owner) {
                    guard let http = cast.people[role] else { continue }
                    let answer = try await http.exchange(
                        rule.method, "/rooms/\(cast.room.code)\(rule.path)", body: rule.body)
                    let what: Comment =
                        "\(type): \(rule.method) \(rule.path) by \(role): \(answer.status) \(answer.text)"
                    let isRight =
                        switch role {
                        case .nobody: answer.status == 401
                        case _ where rule.allowed.contains(role): answer.isSuccess
                        case .banned: answer.status == 403
                        case .other: answer.status == 403 && answer.problem?.code == rule.refusal
                        default: answer.status == 403 && answer.problem?.code == "forbidden"
                        }
                    #expect(isRight, what)
                }
            }
        }

        @Test(arguments: ["public", "unlisted", "private", "genre"])
        func `A room is shown, and opened, as its type says`(type: String) async throws {
            let cast = try await cast(type), room = cast.room
            let isListed = ["public", "genre"].contains(type)
            for role in Self.all {
                let whole = try await #require(cast.people[role]).get("/rooms/\(room.uuid)")
                #expect(whole["myRole"]?.string == role.rawValue)
                expectShape(.room, whole)
            }
            let other = try #require(cast.people[.other])
            let byCode = try await other.exchange("GET", "/rooms/\(room.code)")
            let byID = try await other.exchange("GET", "/rooms/\(room.uuid)")
            #expect(byCode.status == (type == "private" ? 403 : 200), "\(byCode.text)")
            #expect(byID.status == (isListed ? 200 : 403), "\(byID.text)")
            for answer in [byCode, byID] where answer.isSuccess {
                #expect(answer.json?["hostId"] == .null)
                #expect(answer.json?["myRole"] == .null)
                expectShape(.room, answer.json)
            }
            let joining = try await other.exchange("POST", "/rooms/\(room.code)/join")
            #expect(joining.status == (type == "private" ? 403 : 200), "\(joining.text)")
            let banned = try #require(cast.people[.banned])
            expectProblem(403, "banned", try await banned.exchange("POST", "/rooms/\(room.code)/join"))
            let listed = try await other.get("/rooms/discover?limit=200")["items"]?.array ?? []
            #expect(listed.contains { $0["roomId"]?.string == room.code } == isListed)
        }

        @Test(arguments: ["/rooms", "/messages/unread", "/notifications", "/users/me"])
        func `Nobody is nobody, everywhere`(path: String) async throws {
            let answer = try await Stack.here.http.exchange("GET", path)
            expectProblem(401, "unauthenticated", answer)
            #expect(answer.headers["www-authenticate"] != nil)
        }

        @Test(arguments: ["/internal/rooms", "/metrics", "/nowhere"])
        func `What is not for outside is not there`(path: String) async throws {
            let ada = try await Stack.here.person("Ada")
            expectProblem(404, "not_found", try await ada.http.exchange("GET", path))
        }
    }
}
