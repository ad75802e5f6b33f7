import Events
import HTTPTypes
import Identifiers
import Postgres
import TestSupport
import Testing

@testable import RoomService

/// Who may do what with a session: every endpoint, everybody, while it is live and afterwards.
@Suite struct SessionAccessTests {
    struct Row: Sendable {
        var method: HTTPRequest.Method
        /// After `/sessions/{session}`; `{item}` waits, and was added by the listener.
        var path: String
        var body: [String: JSONValue]?
        /// Of host, DJ, moderator, listener, member, other. Moderator and member did not join.
        var expected: [String]

        /// Once it has ended, what could have been done is gone, and what may be read may still be.
        var ended: [String] {
            method == .get ? expected : expected.map { $0.hasPrefix("2") ? "410 session_ended" : $0 }
        }
    }

    /// What the table leaves to other tests, for it is about no session in particular.
    private static let elsewhere: Set<String> = [
        "POST /sessions", "GET /sessions/active", "GET /sessions/recent/ended",
    ]
    private static let (no, stranger) = ("403 forbidden", "403 not_a_member")

    private static func listeners(_ status: String) -> [String] { [status, status, no, status, no, stranger] }

    static let table: [Row] = [
        Row(method: .get, path: "", expected: ["200", "200", "200", "200", "200", stranger]),
        Row(method: .get, path: "/queue", expected: ["200", "200", "200", "200", "200", stranger]),
        // An unlisted room lets in by its code, which the session's id is not.
        Row(method: .post, path: "/join", expected: ["200", "200", "200", "200", "200", no]),
        Row(method: .post, path: "/leave", expected: listeners("204")),
        Row(method: .post, path: "/queue", body: ["trackRef": Listening.track("more")], expected: listeners("201")),
        Row(method: .post, path: "/queue/{item}/vote", body: ["voteType": "upvote"], expected: listeners("200")),
        Row(method: .delete, path: "/queue/{item}/vote", expected: listeners("204")),
        Row(method: .delete, path: "/queue/{item}", expected: ["204", no, no, "204", no, stranger]),
        Row(method: .post, path: "/skip", expected: ["200", "200", "200", "200", no, stranger]),
        Row(method: .post, path: "/pause", expected: ["200", "200", no, no, no, stranger]),
        Row(method: .post, path: "/resume", expected: ["200", "200", no, no, no, stranger]),
        Row(method: .patch, path: "", body: ["currentDJId": nil], expected: ["200", no, no, no, no, stranger]),
        Row(method: .patch, path: "/end", expected: ["200", no, no, no, no, stranger]),
    ]

    @Test func theTableHasEveryEndpoint() throws {
        let tested = Self.table.map { "\($0.method.rawValue) /sessions/{session}\($0.path)" }
        let described = try OpenAPIDocument.shared.operations.filter { $0.tags.contains("Listening sessions") }
        #expect(Set(described.map(\.name)) == Set(tested).union(Self.elsewhere))
    }

    @Test(arguments: [false, true])
    func everyEndpointAndRole(isEnded: Bool) async throws {
        try await TestRooms.run { rooms in
            let (moderator, member, other) = (
                try await rooms.user("moderator"), try await rooms.user("member"), try await rooms.user("other")
            )
            func make() async throws -> (session: Listening, item: String, people: [TestUser]) {
                var session = try await Listening(rooms, track: 60_000, type: "unlisted")
                for user in [moderator, member] { try await rooms.join(user, session.room) }
                try await rooms.call(
                    .patch, "/rooms/\(session.room)/members/\(moderator.id)", as: session.host,
                    body: ["role": "moderator"])
                for name in ["dj", "listener"] {
                    let user = try await rooms.user(name)
                    try await rooms.join(user, session.room)
                    try await session.call(.post, "/join", as: user)
                    try await rooms.seat([user.id], in: session.room)
                    session.listeners.append(user)
                }
                let (dj, listener) = (session.listeners[0], session.listeners[1])
                try await session.call(.patch, as: session.host, body: ["currentDJId": .string("\(dj.id)")])
                let item = try await session.queue("waiting", as: listener)
                if isEnded { try await session.call(.patch, "/end", as: session.host) }
                return (session, item, [session.host, dj, moderator, listener, member, other])
            }
            var shared = try await make()
            for row in Self.table {
                for (index, wanted) in (isEnded ? row.ended : row.expected).enumerated() {
                    // Who is let through changes the session; who is refused must leave it as it was.
                    let answer = try await shared.session.call(
                        row.method, row.path.replacing("{item}", with: shared.item), as: shared.people[index],
                        body: row.body)
                    let got = [String(answer.status), answer.code].compactMap { $0 }.joined(separator: " ")
                    #expect(got == wanted, "\(row.method) \(row.path) as \(index), ended: \(isEnded)")
                    if answer.status < 300, row.method != .get { shared = try await make() }
                }
            }
        }
    }
}
