import Foundation
public import Redis
import ServiceSupport
import Synchronization

/// Token buckets that all instances share through Redis.
///
/// While Redis is away or slow each instance counts for itself, so that limits stay and nobody is shut out.
public final class RateLimiter: Sendable {
    /// A limit must not cost more time than what it limits.
    private static let patience: Duration = .milliseconds(500)
    /// How long a Redis that was too slow is left alone.
    private static let pause: Duration = .seconds(1)

    private let redis: RedisClient?
    private let pausedUntil = Mutex<ContinuousClock.Instant?>(nil)
    private let local = Mutex(LocalBuckets())

    /// - Parameter redis: `nil` counts in this process only.
    public init(redis: RedisClient?) { self.redis = redis }

    /// Takes one token for `subject` and says how the bucket stands.
    public func take(_ limit: RateLimit, subject: String) async -> RateLimitDecision {
        let key = Self.key(limit, subject)
        if let values = await ask(limit, key, 1, over: nil), values.count == 4,
            let allowed = values[0].int, let remaining = values[1].int, let waitMs = values[2].int
        {
            return RateLimitDecision(limit: limit, isAllowed: allowed == 1, remaining: remaining, waitMs: waitMs)
        }
        let now = ContinuousClock.now
        return local.withLock { $0.take(limit, key: key, now: now) }
    }

    /// Takes tokens for what was let through already, as many as there are, and says how many are left; `nil` where the
    /// other instances cannot be told.
    ///
    /// - Parameter span: since the first of it was let through. What came back meanwhile is not lost because it is told late.
    public func note(_ count: Int, over span: Duration, of limit: RateLimit, subject: String) async -> Double? {
        guard let values = await ask(limit, Self.key(limit, subject), count, over: span), values.count == 4 else {
            return nil
        }
        return values[3].string.flatMap(Double.init)
    }

    /// Gives a token back that was taken for what did not happen after all.
    public func giveBack(_ limit: RateLimit, subject: String) async {
        let key = Self.key(limit, subject)
        if await ask(limit, key, -1, over: .zero) == nil { local.withLock { $0.giveBack(limit, key: key) } }
    }

    private static func key(_ limit: RateLimit, _ subject: String) -> String { "limit:\(limit.name):\(subject)" }

    /// What Redis says; `nil` where it is away, or too slow.
    ///
    /// - Parameter span: of what was taken already; `nil` for what is yet to be allowed.
    private func ask(_ limit: RateLimit, _ key: String, _ count: Int, over span: Duration?) async -> [RedisValue]? {
        guard let redis, redis.isAvailable else { return nil }
        guard pausedUntil.withLock({ $0.map { $0 < .now } ?? true }) else { return nil }
        do {
            let reply = try await redis.evaluate(
                Self.script, keys: [key],
                arguments: [
                    String(limit.perSecond), String(limit.burst), String(count),
                    span.map { String(Int($0 / .milliseconds(1))) } ?? "",
                ],
                patience: Self.patience)
            return reply.array
        } catch {
            if error.kind == .timeout { pausedUntil.withLock { $0 = .now + Self.pause } }
            return nil
        }
    }

    /// Answers {allowed, tokens left, ms until the next token, tokens left with their fraction}. Time is Redis's own, so that
    /// all instances agree.
    private static let script = RedisScript(
        """
        local rate, burst, count, span = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
        local t = redis.call('TIME')
        local now = t[1] * 1000 + math.floor(t[2] / 1000)
        local state = redis.call('HMGET', KEYS[1], 't', 'n')
        local tokens = tonumber(state[2]) or burst
        local last = math.min(now, tonumber(state[1]) or 0)
        -- A full bucket takes nothing back: what was taken some time ago left room for what came since.
        local taken = math.max(last, now - (span or 0))
        tokens = math.min(burst, tokens + (taken - last) * rate / 1000)
        local allowed = 0
        if span or tokens >= count then
            allowed = 1
            tokens = tokens - count
        end
        tokens = math.max(0, math.min(burst, tokens + (now - taken) * rate / 1000))
        redis.call('HSET', KEYS[1], 't', now, 'n', tostring(tokens))
        redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
        local wait = 0
        if tokens < 1 then wait = math.ceil((1 - tokens) / rate * 1000) end
        return {allowed, math.floor(tokens), wait, tostring(tokens)}
        """)
}

/// How often something may be done: `perSecond` on average, `burst` at once.
public struct RateLimit: Sendable, Equatable {
    public var name: String
    public var perSecond: Double
    public var burst: Int

    public init(name: String, perSecond: Double, burst: Int) {
        self.name = name
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// What a bucket said.
public struct RateLimitDecision: Sendable, Equatable {
    public var isAllowed: Bool
    public var limit: Int
    public var remaining: Int
    /// Until a next call may pass; zero where one may pass now.
    public var retryAfter: Duration
    /// Until the bucket is full again.
    public var reset: Duration

    init(limit: RateLimit, isAllowed: Bool, remaining: Int, waitMs: Int) {
        self.isAllowed = isAllowed
        self.limit = limit.burst
        self.remaining = remaining
        retryAfter = .milliseconds(waitMs)
        reset = .seconds(Double(limit.burst - remaining) / limit.perSecond)
    }

    /// 429 with what the caller needs to come back in time.
    public var problem: Problem { Problem(.rateLimited, retryAfter: max(retryAfter, .milliseconds(1))) }
}

/// The buckets of one process, for while Redis is away.
struct LocalBuckets {
    private struct Bucket {
        var tokens: Double
        var last: ContinuousClock.Instant
    }

    private static let capacity = 100_000
    private var buckets: [String: Bucket] = [:]

    mutating func giveBack(_ limit: RateLimit, key: String) {
        guard let tokens = buckets[key]?.tokens else { return }
        buckets[key]?.tokens = min(Double(limit.burst), tokens + 1)
    }

    mutating func take(_ limit: RateLimit, key: String, now: ContinuousClock.Instant) -> RateLimitDecision {
        if buckets.count >= Self.capacity { buckets.removeAll(keepingCapacity: true) }
        var bucket = buckets[key] ?? Bucket(tokens: Double(limit.burst), last: now)
        let elapsed = (now - bucket.last) / .seconds(1)
        bucket.tokens = min(Double(limit.burst), bucket.tokens + elapsed * limit.perSecond)
        bucket.last = now
        let isAllowed = bucket.tokens >= 1
        if isAllowed { bucket.tokens -= 1 }
        buckets[key] = bucket
        let wait = bucket.tokens >= 1 ? 0 : Int(((1 - bucket.tokens) / limit.perSecond * 1000).rounded(.up))
        return RateLimitDecision(limit: limit, isAllowed: isAllowed, remaining: Int(bucket.tokens), waitMs: wait)
    }
}

extension AppContext {
    /// Takes a token; throws 429 when there is none. Either way the answer carries `RateLimit-*` headers.
    public func limit(_ limiter: RateLimiter, _ limit: RateLimit, subject: String) async throws {
        let decision = await limiter.take(limit, subject: subject)
        notes.note(decision)
        guard decision.isAllowed else { throw decision.problem }
    }
}
