-- Takes a connection out; with the last one the seat is free, unless it is to be kept for one more lease.
-- ARGV: lease, contact, user, connection, keep the seat ('1')
-- Answers {'left' | 'updated', count, version, JSON of the user} · {'none', count} when the slot knows no such connection
--       · {'unknown'} while nobody knows who sits here
local user, connection, kept = ARGV[4], ARGV[5], ARGV[6] == '1'

local record = read(user)
if not record or not record.c[connection] then
    local run, ready = unpack(redis.call('HMGET', META, 'run', 'ready'))
    if ready ~= '1' or run ~= server('run_id') then return {'unknown'} end
    return {'none', redis.call('ZCARD', SEATS)}
end
record.c[connection] = nil
touch()
if next(record.c) or kept then
    if kept then redis.call('ZADD', SEATS, text(now + LEASE), user) end
    local json = write(user, record)
    return {'updated', redis.call('ZCARD', SEATS), text(record.v), json}
end
local json = redis.call('HGET', USERS, user)
redis.call('ZREM', SEATS, user)
redis.call('HDEL', USERS, user)
return {'left', redis.call('ZCARD', SEATS), text(nextVersion()), json}
