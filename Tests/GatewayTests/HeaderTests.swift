import Foundation
import ParlorClient
import TestSupport
import Testing

/// What a service gets to see of a request, and what nobody gets to see.
struct HeaderTests {
    @Test func identityHeadersOfOutsidersEndHere() async throws {
        let forged = [
            "X-User-Id": "1", "X-User-Email": "a@b", "X-User-Name": "n", "X-User-Role": "admin", "X-User-Plan": "pro",
            "X-Gateway-Secret": "guess", "X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1.2.3.4",
        ]
        try await Gateway.run { gateway in
            let answer = try await gateway.http.exchange("GET", "/users/me", headers: forged)
            let seen = try #require(answer.json?["headers"]?.object)
            #expect(!seen.keys.contains { $0.hasPrefix("x-user-") || $0 == "x-gateway-secret" || $0 == "forwarded" })
            #expect(seen["x-forwarded-for"]?.string == "127.0.0.1")
            #expect(seen["x-forwarded-proto"]?.string == "http")
        }
    }

    @Test func aRequestIDIsTakenOverOrMade() async throws {
        try await Gateway.run { gateway in
            for (offered, isTaken) in [
                ("a", true), ("x-1!\"\\~", true), (String(repeating: "i", count: 128), true), ("two words", false),
                (String(repeating: "i", count: 129), false),
            ] {
                let answer = try await gateway.http.exchange("GET", "/rooms", headers: ["X-Request-Id": offered])
                let seen = try #require(answer.json?["headers"]?["x-request-id"]?.string)
                #expect((seen == offered) == isTaken && !seen.isEmpty, "\(offered)")
            }
            let refusal = try await gateway.http.exchange("GET", "/nothing", headers: ["X-Request-Id": "mine"])
            #expect(refusal.requestID == "mine" && refusal.problem?.requestID == "mine")
        }
    }

    /// Refused or not: the log has the path, never the query.
    @Test func aTokenInTheAddressIsNotLogged() async throws {
        try await Gateway.run(away: [.signaling]) { gateway in
            for path in ["/ws/abc-defg-hij?token=secret-1", "/ws/status?token=secret-1", "/nothing?token=secret-1"] {
                _ = try await gateway.http.exchange("GET", path)
            }
            var log = ""
            try await eventually("the requests are logged") {
                log = try String(contentsOf: gateway.log, encoding: .utf8)
                return log.contains("\"path\":\"/nothing\"")
            }
            #expect(log.contains("\"path\":\"/ws/status\""))
            #expect(!log.contains("secret-1"))
        }
    }

    /// What a 304 says of a page replaces what the browser kept, so it must say the same.
    @Test func aPageThatHasNotChangedKeepsItsPolicy() async throws {
        try await Gateway.run { gateway in
            let page = try await gateway.http.exchange("GET", "/")
            let policy = try #require(page.headers["content-security-policy"])
            #expect(policy.contains("script-src 'self'") && !policy.contains("unsafe"))
            let tag = try #require(page.etag)
            let again = try await gateway.http.exchange("GET", "/", headers: ["If-None-Match": tag])
            #expect(again.status == 304)
            #expect(again.headers["content-security-policy"] == policy)
        }
    }
}
