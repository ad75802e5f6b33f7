import Redis

/// The scripts of `Lua/`, each behind the same prelude, where keys and arguments are described.
enum SeatScripts {
    static let join = script(PackageResources.join_lua)
    static let full = script(PackageResources.full_lua)
    static let leave = script(PackageResources.leave_lua)
    static let renew = script(PackageResources.renew_lua)
    static let register = script(PackageResources.register_lua)
    static let settle = script(PackageResources.settle_lua)
    static let snapshot = script(PackageResources.snapshot_lua)
    static let describe = script(PackageResources.describe_lua)

    /// Rooms with seats are listed by the end of their last lease, by the clock of Redis; a negative time forgets them.
    static let index = RedisScript(
        """
        local clock = redis.call('TIME')
        local time = tonumber(ARGV[1])
        local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
        for i = 2, #ARGV do
            if time < 0 then
                redis.call('ZREM', KEYS[1], ARGV[i])
            else
                redis.call('ZADD', KEYS[1], string.format('%.0f', now + time), ARGV[i])
            end
        end
        """)
    static let abandoned = RedisScript(
        """
        local clock = redis.call('TIME')
        local now = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))
        return {now, redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])}
        """)

    private static func script(_ body: [UInt8]) -> RedisScript {
        RedisScript(String(decoding: PackageResources.prelude_lua + body, as: UTF8.self))
    }
}
