-- Takes a seat for a user, or shares the one they hold.
-- ARGV: lease, contact, user, connection, node, name, role, connections allowed per user
-- Answers {'missing' | 'ended'} · {'full', changes, count} · {'rebuilding', since, run}
--       · {'joined', taken ('1': a new seat), count, version, JSON of the user, changes, {connection, node} replaced or {}}
local user, connection, node, name, role, allowed = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9])

local object = redis.call('GET', ROOM)
if not object then return {'missing'} end
object = cjson.decode(object)
if not object.isActive then return {'ended'} end

local ready, since = standing()
local seated = redis.call('ZSCORE', SEATS, user)
if not ready and not seated then
    touch()
    return {'rebuilding', text(since), server('run_id')}
end

local changes = {}
if ready then purge(user, changes) end
touch()
if not seated and redis.call('ZCARD', SEATS) >= object.maxParticipants then return {'full', changes, redis.call('ZCARD', SEATS)} end

local record = read(user)
if not record then record = {j = now, c = {}}; seated = false end
record.n, record.r = name, role

-- An earlier life of the same node is dead: so are its connections.
local place = string.match(node, '^(.*)/[^/]*$')
local count, oldest = 0, nil
for id, at in pairs(record.c) do
    if at.o ~= node and string.match(at.o, '^(.*)/[^/]*$') == place then
        record.c[id] = nil
    else
        count = count + 1
        if not oldest or at.t < record.c[oldest].t or (at.t == record.c[oldest].t and id < oldest) then oldest = id end
    end
end
local replaced = {}
if count >= allowed then
    replaced = {oldest, record.c[oldest].o}
    record.c[oldest] = nil
end
record.c[connection] = {o = node, t = now}

redis.call('ZADD', SEATS, text(now + LEASE), user)
-- A node that just began here has promised nothing yet; its renewals move this on.
redis.call('HSET', NODES, node, text(now + LEASE))
local json = write(user, record)
keep()
return {'joined', seated and '0' or '1', redis.call('ZCARD', SEATS), text(record.v), json, changes, replaced}
