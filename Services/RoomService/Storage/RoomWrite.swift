import Events
import Identifiers
import Redis

/// The one command that writes a room to Redis, in which versions and facts never go back.
enum RoomWrite {
    /// - Parameters:
    ///   - marksFacts: remembers the facts even where nothing is known of members, so that who read before them and writes
    ///     after them is refused.
    ///   - member: the room's view and a member, as they are with the room's facts.
    static func command(
        _ room: Room, marksFacts: Bool = false, member: (view: RoomView, member: MemberView)? = nil
    ) throws -> RedisCommand {
        let object = Object(
            id: room.id, hostId: room.ownerID, maxParticipants: room.maxParticipants, isActive: room.isActive,
            kind: room.kind, type: room.type, version: room.version)
        var arguments: [any RedisArgument] = [
            try WireJSON.encode(object), room.version, objectKept, room.factHead, membersKept, marksFacts ? 1 : 0,
        ]
        if let (view, member) = member {
            var view = view
            view.standing?.myRole = nil
            arguments += [try WireJSON.encode(view), member.userId.description, try WireJSON.encode(member)]
        }
        return RedisCommand(
            evaluating: script, keys: [RoomSlot.object(room.code), RoomSlot.members(room.code)], arguments: arguments)
    }

    /// Seconds.
    private static let (objectKept, membersKept) = (86_400, 300)

    private struct Object: Codable {
        var id: RoomID
        var hostId: UserID
        var maxParticipants: Int
        var isActive: Bool
        var kind: RoomKind
        var type: RoomType
        var version: Int64
    }

    /// What is no object of ours is replaced like a missing one; the same version lives on. Members are all of one moment:
    /// newer facts take the place of everything.
    private static let script = RedisScript(
        """
        local function isOld(current, version)
            local ok, object = pcall(cjson.decode, current)
            local known = ok and type(object) == 'table' and tonumber(object.version)
            return not known or known < version
        end
        local current = redis.call('GET', KEYS[1])
        if current and not isOld(current, tonumber(ARGV[2])) then
            redis.call('EXPIRE', KEYS[1], ARGV[3])
        else
            redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
        end

        local known, facts = tonumber(redis.call('HGET', KEYS[2], 'facts')), tonumber(ARGV[4])
        if known and known > facts or not known and ARGV[6] == '0' then return end
        if known ~= facts then
            redis.call('DEL', KEYS[2])
            redis.call('HSET', KEYS[2], 'facts', ARGV[4])
            redis.call('EXPIRE', KEYS[2], ARGV[5])
        end
        if ARGV[7] then redis.call('HSET', KEYS[2], 'room', ARGV[7], ARGV[8], ARGV[9]) end
        """)
}
