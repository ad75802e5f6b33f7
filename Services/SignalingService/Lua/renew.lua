-- Renews the seats that a node holds in a room, and takes out whose lease is over. Without users: only the latter.
-- ARGV: lease, contact, node ('' for a sweep), users…
-- Answers {ready ('1'), version, count, users whose seat is not there, changes, next end of a lease or ''}
local node = ARGV[4]
local missing, changes = {}, {}
local ready = standing()
for i = 5, #ARGV do
    if redis.call('ZSCORE', SEATS, ARGV[i]) and redis.call('HEXISTS', USERS, ARGV[i]) == 1 then
        redis.call('ZADD', SEATS, text(now + LEASE), ARGV[i])
    else
        table.insert(missing, ARGV[i])
    end
end
if node ~= '' then
    redis.call('HSET', NODES, node, text(now + LEASE))
end
if ready then purge(nil, changes) end
local first = redis.call('ZRANGE', SEATS, 0, 0, 'WITHSCORES')
touch()
if first[1] or node ~= '' then keep() end
return {ready and '1' or '0', redis.call('HGET', META, 'version') or '0', redis.call('ZCARD', SEATS), missing, changes,
    first[2] and text(tonumber(first[2]) - now) or ''}
