-- A node says which seats it holds, after their record was lost. While the slot is being rebuilt everybody is believed; later
-- only as many as there are seats free: nobody who was let in meanwhile is pushed out.
-- ARGV: lease, contact, node, then for each user: user, name, role, joined at, JSON {connection -> {o, t, m}} of this node
-- Answers {'missing'} · {'registered', version, count, refused users, run}
local node = ARGV[4]
local ready = standing()
local limit
if ready then
    local object = redis.call('GET', ROOM)
    if not object then return {'missing'} end
    limit = cjson.decode(object).maxParticipants
end
local refused = {}
for i = 5, #ARGV, 5 do
    local user = ARGV[i]
    local record = read(user)
    local seated = record and redis.call('ZSCORE', SEATS, user)
    if not seated and ready and redis.call('ZCARD', SEATS) >= limit then
        table.insert(refused, user)
    else
        record = record or {c = {}}
        record.n, record.r, record.j = ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
        for id, at in pairs(cjson.decode(ARGV[i + 4])) do record.c[id] = at end
        redis.call('ZADD', SEATS, text(now + LEASE), user)
        write(user, record)
    end
end
redis.call('HSET', NODES, node, text(now + LEASE))
touch()
keep()
return {'registered', redis.call('HGET', META, 'version') or '0', redis.call('ZCARD', SEATS), refused, server('run_id')}
