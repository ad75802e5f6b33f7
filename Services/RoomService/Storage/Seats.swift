import Events
import Foundation
import Identifiers
import Redis
import ServiceSupport
import Synchronization

/// Who holds a seat, as Redis knows it. This service only reads: seats are signaling's.
struct Seats: Sendable {
    let redis: RedisClient
    let patience: Duration

    /// The number of seats taken; `nil` when nobody can say.
    func count(_ code: RoomCode) async -> Int? { await counts([code]).flatMap { $0[code] } }

    /// Of several rooms, in one round trip.
    func counts(_ codes: [RoomCode]) async -> [RoomCode: Int]? {
        guard let replies = await evaluate(Self.countScript, codes, arguments: []) else { return nil }
        var counts: [RoomCode: Int] = [:]
        for (code, reply) in zip(codes, replies) {
            guard let count = reply.int else { return nil }
            counts[code] = count
        }
        return counts
    }

    /// Who of `users` holds a seat; `nil` when nobody can say.
    func holders(of code: RoomCode, among users: [UserID]) async -> Set<UserID>? {
        guard !users.isEmpty else { return [] }
        let reply = await evaluate(Self.holdersScript, [code], arguments: users.map(\.description))?.first
        return reply?.array.map { Set($0.compactMap { $0.string.flatMap(UserID.init) }) }
    }

    /// Everybody who holds a seat in a room; `nil` when nobody can say.
    func holders(of code: RoomCode) async -> Set<UserID>? {
        let reply = await evaluate(Self.allHoldersScript, [code], arguments: [])?.first
        return reply?.array.map { Set($0.compactMap { $0.string.flatMap(UserID.init) }) }
    }

    /// The codes of all rooms that have a set of seats, a page at a time.
    func roomsWithSeats() -> AsyncThrowingStream<[RoomCode], any Error> {
        let redis = redis
        let cursor = Mutex<String?>("0")
        return AsyncThrowingStream {
            guard let position = cursor.withLock({ $0 }) else { return nil }
            let reply = try await redis.send(
                RedisCommand("SCAN", position, "MATCH", "{room:*}:seats", "COUNT", 500))
            guard let parts = reply.array, parts.count == 2, let next = parts[0].string else { throw SeatsUnknown() }
            cursor.withLock { $0 = next == "0" ? nil : next }
            return (parts[1].array ?? []).compactMap { key in
                key.string.flatMap { RoomCode(String($0.dropFirst("{room:".count).dropLast("}:seats".count))) }
            }
        }
    }

    private func evaluate(
        _ script: RedisScript, _ codes: [RoomCode], arguments: [any RedisArgument]
    ) async -> [RedisValue]? {
        // A page of a scan may be empty, and says nothing wrong then.
        guard !codes.isEmpty else { return [] }
        guard redis.isAvailable else { return nil }
        let commands = codes.map { RedisCommand(evaluating: script, keys: [RoomSlot.seats($0)], arguments: arguments) }
        return try? await redis.pipeline(commands, patience: patience).map { try $0.get() }
    }

    // A lease counts until its end by the clock of Redis, whoever asks.

    private static let countScript = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        return redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
        """)

    private static let allHoldersScript = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
        """)

    private static let holdersScript = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local holders = {}
        for _, user in ipairs(ARGV) do
            local lease = redis.call('ZSCORE', KEYS[1], user)
            if lease and tonumber(lease) > now then holders[#holders + 1] = user end
        end
        return holders
        """)
}
