import ParlorClient
import Testing

/// Section 13 of the contract, route by route.
struct RouteTests {
    static let code = "abc-defg-hij"
    static let uuid = "0193b0a2-7c4e-7b1a-9d3e-0a1b2c3d4e5f"

    static let routes: [(Gateway.Service, [String])] = [
        (
            .message,
            [
                "/messages", "/messages/", "/messages/unread", "/messages/rooms/\(code)",
                "/messages/\(uuid)/reactions/%F0%9F%91%8D",
                "/rooms/\(code)/messages", "/rooms/\(code)/messages/", "/rooms/\(uuid)/messages/search?q=a%20b",
                "/rooms/\(code)/timeline?after=0", "/rooms/\(uuid)/read", "/rooms/\(code)/pins",
                "/rooms/\(code)/pins/\(uuid)", "/chat/room/\(code)/messages", "/chat/room/\(uuid)/messages/",
            ]
        ),
        (
            .room,
            [
                "/rooms", "/rooms/", "/rooms?status=all", "/rooms/discover", "/rooms/\(code)", "/rooms/\(uuid)/",
                "/rooms/\(code)/members", "/rooms/\(code)/messagesx", "/invitations", "/invitations/accept",
                "/sessions/active", "/chat/search", "/chat/room/\(code)", "/users/me", "/admin/reports",
                "/auth/dev-token",
            ]
        ),
        (
            .signaling,
            ["/ws/\(code)", "/ws/chat/\(code)", "/ws/\(uuid)?after=3", "/ws/status", "/ws/status/?token=x", "/ws"]
        ),
        (.notification, ["/notifications", "/notifications?unread=true", "/notifications/preferences"]),
    ]

    @Test func everyAddressReachesItsService() async throws {
        try await Gateway.run { gateway in
            for (service, paths) in Self.routes {
                for path in paths {
                    let seen = try await gateway.http.exchange("GET", path).json
                    #expect(seen?["service"]?.string == service.rawValue, "\(path)")
                    #expect(seen?["target"]?.string == path, "as it came")
                }
            }
        }
    }

    @Test func anythingElseIsNotFound() async throws {
        let paths = [
            "/internal/rooms/x/facts", "/internal", "/metrics", "/health", "/ready", "/messagesx", "/wsx", "/nothing",
            "/rooms/%2e%2e/internal/x", "/rooms/..%2finternal/x", "//internal/x", "/.git/config", "/problem",
        ]
        try await Gateway.run { gateway in
            for path in paths {
                let answer = try await gateway.http.exchange("GET", path)
                #expect(answer.status == 404 && answer.problem?.code == "not_found", "\(path)")
            }
        }
    }

    @Test func pagesAreGuarded() async throws {
        try await Gateway.run { gateway in
            let page = try await gateway.http.exchange("GET", "/")
            #expect(page.status == 200 && page.headers["content-type"]?.hasPrefix("text/html") == true)
            let policy = try #require(page.headers["content-security-policy"])
            #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
            #expect(page.headers["x-content-type-options"] == "nosniff")
        }
    }
}
