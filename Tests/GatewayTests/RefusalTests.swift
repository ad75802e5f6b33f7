import ParlorClient
import Testing

/// The gateway's own refusals are problems like those of the services.
struct RefusalTests {
    private func expectProblem(_ answer: ParlorAnswer, _ status: Int, _ code: String) {
        #expect(answer.status == status)
        #expect(answer.headers["content-type"] == "application/problem+json")
        let body = answer.json
        #expect(body?["type"]?.string == "urn:parlor:problem:\(code)")
        #expect(body?["code"]?.string == code)
        #expect(body?["status"]?.int == status)
        #expect(body?["title"]?.string?.isEmpty == false)
        #expect(body?["detail"]?.string?.isEmpty == false)
        #expect(body?["requestId"]?.string == answer.requestID && answer.requestID != nil)
        #expect(body?["retryable"]?.bool == (status == 503))
    }

    @Test func aServiceThatIsAway() async throws {
        try await Gateway.run(away: [.message, .signaling]) { gateway in
            for path in ["/messages/unread", "/rooms/abc-defg-hij/timeline", "/ws/abc-defg-hij", "/ws/status"] {
                let answer = try await gateway.http.exchange("GET", path)
                expectProblem(answer, 503, "unavailable")
                #expect(answer.headers["retry-after"] == "1")
            }
            let write = try await gateway.http.exchange("POST", "/messages", body: ["content": "x"])
            expectProblem(write, 503, "unavailable")
            #expect(try await gateway.http.exchange("GET", "/rooms").status == 200, "the others go on")
        }
    }

    @Test func aBodyOver256KiB() async throws {
        try await Gateway.run { gateway in
            let most = [UInt8](repeating: 0x20, count: 256 * 1024)
            let fits = try await gateway.http.exchange("POST", "/rooms", bytes: most, contentType: nil)
            #expect(fits.json?["bodyBytes"]?.int == most.count)
            let over = try await gateway.http.exchange("POST", "/rooms", bytes: most + [0x20], contentType: nil)
            expectProblem(over, 413, "too_large")
        }
    }

    @Test func aPageThatIsWrittenTo() async throws {
        try await Gateway.run { gateway in
            let answer = try await gateway.http.exchange("POST", "/", body: [:])
            expectProblem(answer, 405, "method_not_allowed")
            #expect(answer.headers["allow"] == "GET, HEAD")
        }
    }

    @Test func aMethodThatNobodyKnows() async throws {
        try await Gateway.run { gateway in
            for path in ["/", "/rooms", "/ws/abc-defg-hij"] {
                expectProblem(try await gateway.http.exchange("FOO", path), 405, "method_not_allowed")
            }
            #expect(try await gateway.http.exchange("PROPFIND", "/rooms").status == 200, "the service's to refuse")
        }
    }

    @Test func browsersOfAllowedOriginsReadThem() async throws {
        try await Gateway.run(origins: "https://app.example,https://two.example") { gateway in
            for (origin, isAllowed) in [
                ("https://app.example", true), ("https://two.example", true),
                ("http://127.0.0.1:\(gateway.port)", true), ("https://appxexample", false),
                ("https://app.example.evil.example", false), ("null", false),
            ] {
                let answer = try await gateway.http.exchange("GET", "/nothing", headers: ["Origin": origin])
                expectProblem(answer, 404, "not_found")
                #expect(answer.headers["access-control-allow-origin"] == (isAllowed ? origin : nil))
            }
        }
    }
}
