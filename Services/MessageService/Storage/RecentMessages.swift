import Events
import Foundation
import Identifiers
import Logging
import Redis
import ServiceSupport

/// The newest messages of a room, as a socket that comes in is shown them.
///
/// They are kept in the room's slot in Redis for half an hour, as of one `seq` and as somebody sees them who reacted to
/// none. Whatever happens in a room moves its `seq`, so what is kept is either as things are or not used. Redis that is
/// away or slow costs no more than reading them where they are.
struct RecentMessages: Sendable {
    static let limit = 50
    /// Larger ones are not worth a place in Redis.
    private static let keptBytes = 256 * 1024
    private static let keptSeconds = 1800
    private static let patience: Duration = .milliseconds(250)

    let store: TimelineStore
    let redis: RedisClient
    let logger: Logger

    /// A JSON array, oldest first, with `me` of reactions as `user` sees them.
    func json(in room: RoomRef, upTo seq: Int64, for user: UserID?) async throws -> [UInt8] {
        if let kept = await kept(room.code, seq), try await !hasReacted(user, to: kept.reacted, in: room.id) {
            return kept.json
        }
        let messages = try await store.recent(in: room.id, upTo: seq, limit: Self.limit)
        let reactions = try await store.reactions(to: messages.map(\.id), in: room.id, seenBy: user)
        keep(messages, reactions, seq, room.code)
        return Self.json(messages, reactions)
    }

    /// Takes away what is kept of a room that is no more.
    func forget(_ room: RoomCode) async {
        do { _ = try await redis.send(RedisCommand("DEL", RoomSlot.recent(room)), patience: Self.patience) } catch {
            logger.debug("recent messages stay until their time is up", metadata: [LogKeys.error: "\(error)"])
        }
    }

    private func hasReacted(_ user: UserID?, to messages: [MessageID], in room: RoomID) async throws -> Bool {
        guard let user, !messages.isEmpty else { return false }
        return try await store.reactions(to: messages, in: room, seenBy: user).values.contains {
            $0.contains(where: \.me)
        }
    }

    private static func json(_ messages: [StoredMessage], _ reactions: [MessageID: [ReactionCount]]) -> [UInt8] {
        var json = JSONWriter(reserving: 64 + 512 * messages.count)
        json.raw("[")
        for (position, message) in messages.enumerated() {
            if position > 0 { json.raw(",") }
            json.message(message, reactions: reactions[message.id] ?? [])
        }
        json.raw("]")
        return json.bytes
    }

    // MARK: - Redis

    private func kept(_ room: RoomCode, _ seq: Int64) async -> (json: [UInt8], reacted: [MessageID])? {
        guard redis.isAnswering else { return nil }
        let command = RedisCommand(evaluating: Self.reading, keys: [RoomSlot.recent(room)], arguments: [seq])
        guard let fields = try? await redis.send(command, patience: Self.patience).array, fields.count == 2,
            let json = fields[0].bytes, let reacted = fields[1].string
        else { return nil }
        let ids = reacted.split(separator: ",").map { MessageID(String($0)) }
        guard !ids.contains(nil) else { return nil }
        return (json, ids.compactMap(\.self))
    }

    /// Nobody waits for it.
    private func keep(
        _ messages: [StoredMessage], _ reactions: [MessageID: [ReactionCount]], _ seq: Int64, _ room: RoomCode
    ) {
        guard redis.isAnswering else { return }
        let neutral = reactions.mapValues { $0.map { ReactionCount(emoji: $0.emoji, count: $0.count, me: false) } }
        let json = Self.json(messages, neutral)
        guard json.count <= Self.keptBytes else { return }
        let reacted = Array(neutral.keys)
        Background.run("keep recent messages", deadline: .seconds(2), logger: logger) {
            do { try await write(json, reacted, seq, room) } catch {
                logger.debug("recent messages are not kept", metadata: [LogKeys.error: "\(error)"])
            }
        }
    }

    /// Writes them unless newer ones are there.
    func write(_ json: [UInt8], _ reacted: [MessageID], _ seq: Int64, _ room: RoomCode) async throws {
        let ids = reacted.map(\.description).joined(separator: ",")
        _ = try await redis.evaluate(
            Self.writing, keys: [RoomSlot.recent(room)], arguments: [seq, json, ids, Self.keptSeconds],
            patience: Self.patience)
    }

    /// Nothing unless it is of the `seq` asked for: another one's need not travel.
    private static let reading = RedisScript(
        """
        local kept = redis.call('HMGET', KEYS[1], 'seq', 'messages', 'reacted')
        if kept[1] ~= ARGV[1] then return false end
        return {kept[2], kept[3]}
        """)

    private static let writing = RedisScript(
        """
        local known = tonumber(redis.call('HGET', KEYS[1], 'seq'))
        if known and known >= tonumber(ARGV[1]) then return end
        redis.call('HSET', KEYS[1], 'seq', ARGV[1], 'messages', ARGV[2], 'reacted', ARGV[3])
        redis.call('EXPIRE', KEYS[1], ARGV[4])
        """)
}
