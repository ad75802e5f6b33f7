import Identifiers
import Redis
import ServiceSupport
import Synchronization

/// Stops whoever says the same thing again and again (contract, section 12), over all rooms and instances.
///
/// A message that comes twice under one `clientMessageId` counts once. The first sighting of a text costs nothing but a note in this process; Redis is asked from the second on, and told
/// of the first then. So the limit is exact for one instance, and `n` instances let at most `n - 1` more through.
final class RepeatedTexts: Sendable {
    enum Verdict: Sendable, Equatable {
        case counted
        /// The same message was counted before.
        case known
        case refused(retryAfter: Duration)
    }

    private let redis: RedisClient?
    private let limit: Int
    private let window: Duration
    private let sightings: Mutex<TextSightings>

    init(redis: RedisClient?, limit: Int, window: Duration) {
        self.redis = redis
        self.limit = limit
        self.window = window
        sightings = Mutex(TextSightings(limit: limit, window: window))
    }

    /// Counts one more message of this text.
    func take(_ message: PendingMessage) async -> Verdict {
        let key = TextSightings.Key(message)
        let token = message.token
        let now = ContinuousClock.now
        switch sightings.withLock({ $0.take(key, token, now: now) }) {
        case .counted: return .counted
        case .known: return .known
        case .refused(let retryAfter): return .refused(retryAfter: retryAfter)
        case .ask(let unreported):
            guard let redis, redis.isAvailable else { return .counted }
            var arguments: [any RedisArgument] = [Int(window.wholeMilliseconds), limit, token]
            for earlier in unreported {
                arguments += [Int(earlier.age.wholeMilliseconds), earlier.token] as [any RedisArgument]
            }
            guard
                let reply = try? await redis.evaluate(Self.script, keys: [key.redisKey], arguments: arguments),
                let values = reply.array, values.count == 2, let allowed = values[0].int, let wait = values[1].int
            else { return .counted }
            if allowed == 1 { return .counted }
            sightings.withLock { _ = $0.giveBack(key, token) }
            return allowed == 2 ? .known : .refused(retryAfter: .milliseconds(wait))
        }
    }

    /// Takes a counted message back: it turned out to be no new one.
    func giveBack(_ message: PendingMessage) async {
        let key = TextSightings.Key(message)
        let wasReported = sightings.withLock { $0.giveBack(key, message.token) }
        guard wasReported, let redis, redis.isAvailable else { return }
        _ = try? await redis.send(RedisCommand("ZREM", key.redisKey, message.token))
    }

    /// Answers {0 refused · 1 counted · 2 known, ms until the next may pass}, by the clock of Redis.
    private static let script = RedisScript(
        """
        local t = redis.call('TIME')
        local now = t[1] * 1000 + math.floor(t[2] / 1000)
        local window, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
        for i = 4, #ARGV, 2 do redis.call('ZADD', KEYS[1], 'NX', now - tonumber(ARGV[i]), ARGV[i + 1]) end
        redis.call('PEXPIRE', KEYS[1], window)
        if redis.call('ZSCORE', KEYS[1], ARGV[3]) then return {2, 0} end
        if redis.call('ZCARD', KEYS[1]) >= limit then
            local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
            return {0, math.max(1, math.ceil(tonumber(oldest[2]) + window - now))}
        end
        redis.call('ZADD', KEYS[1], now, ARGV[3])
        return {1, 0}
        """)
}

extension PendingMessage {
    /// What a repeat of this message has too, and no other message.
    fileprivate var token: String { draft.clientMessageId.map { "\(room.id)/\($0)" } ?? id.description }
}

extension TextSightings.Key {
    fileprivate init(_ message: PendingMessage) {
        self.init(user: message.userId, text: message.draft.contentHash)
    }
}
