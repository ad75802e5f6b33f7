import HTTPSupport
import Logging
import Redis
import ServiceLifecycle
import TestSupport
import Testing

@Suite struct RateLimiterTests {
    private func withLimiter(_ body: @Sendable @escaping (RateLimiter) async throws -> Void) async throws {
        try await RedisServer.shared().withDatabase { url in
            let redis = RedisClient(try RedisConfiguration(url: url), logger: .silent)
            try await serving([redis]) {
                _ = await redis.whenAvailable()
                try await body(RateLimiter(redis: redis))
            }
        }
    }

    @Test func whatWasLetThroughElsewhereIsTaken() async throws {
        try await withLimiter { limiter in
            let limit = RateLimit(name: "slow", perSecond: 0.001, burst: 5)
            #expect(await limiter.note(3, over: .zero, of: limit, subject: "ada") == 2)
            let one = try #require(await limiter.note(1, over: .seconds(1000), of: limit, subject: "ada"))
            #expect(one >= 1 && one < 1.5)
            #expect(await limiter.take(limit, subject: "ada").isAllowed)
            #expect(await !limiter.take(limit, subject: "ada").isAllowed)
            let none = try #require(await limiter.note(7, over: .zero, of: limit, subject: "ada"))
            #expect(none < 0.5)
            #expect(await limiter.take(limit, subject: "ben").isAllowed)
        }
    }

    @Test func whatIsGivenBackMayBeTakenAgain() async throws {
        let limit = RateLimit(name: "slow", perSecond: 0.001, burst: 2)
        @Sendable func check(_ limiter: RateLimiter) async {
            #expect(await limiter.take(limit, subject: "ada").isAllowed)
            #expect(await limiter.take(limit, subject: "ada").isAllowed)
            #expect(await !limiter.take(limit, subject: "ada").isAllowed)
            await limiter.giveBack(limit, subject: "ada")
            #expect(await limiter.take(limit, subject: "ada").isAllowed)
            #expect(await !limiter.take(limit, subject: "ada").isAllowed)
            // Never more than there may be.
            for _ in 0..<5 { await limiter.giveBack(limit, subject: "ben") }
            for isAllowed in [true, true, false] {
                #expect(await limiter.take(limit, subject: "ben").isAllowed == isAllowed)
            }
        }
        try await withLimiter { await check($0) }
        await check(RateLimiter(redis: nil))
    }

    /// Who sends 200 a second and may do so has a full bucket, though others hear of it forty at a time.
    @Test func whatCameBackMeanwhileIsNotLost() async throws {
        try await withLimiter { limiter in
            let limit = RateLimit(name: "fast", perSecond: 200, burst: 5)
            for _ in 0..<3 {
                #expect(await limiter.note(40, over: .milliseconds(200), of: limit, subject: "ada") == 5)
                try await Task.sleep(for: .milliseconds(250))
            }
        }
    }
}
