-- Put before every seat script. All keys live in the slot of one room:
--   KEYS[1] room:<code>            the room's object, written by the room service
--   KEYS[2] {room:<code>}:seats    ZSET  user -> end of the lease, ms by the clock of this Redis
--   KEYS[3] {room:<code>}:users    HASH  user -> {n name, r role, j joined at, v version, c {connection -> {o node, t ms, m media}}}
--   KEYS[4] {room:<code>}:nodes    HASH  node -> end of its lease: connections of a node past it are dead
--   KEYS[5] {room:<code>}:meta     HASH  run, ready, since, touched, version
--   KEYS[6] {room:<code>}:new      run id of the Redis that the room was made in; nobody ever sat there
-- ARGV[1] is the length of a lease in ms. ARGV[2] and ARGV[3], by the clock of this Redis: since when the calling node has had
-- its answers without a break, and when it had the last one; 0 where it has not.
local ROOM, SEATS, USERS, NODES, META, NEW = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local LEASE = tonumber(ARGV[1])
local SINCE, HEARD = tonumber(ARGV[2]), tonumber(ARGV[3])
-- Holders renew every third of a lease. A slot that nobody touched for longer lost its leases to an outage, not to a crash.
local SILENCE = LEASE / 2
local FRESH = 5000         -- older, a node's last answer does not show that this Redis was there until now
local YOUNG = 3            -- seconds: until then the living nodes may not have found this Redis yet
local KEEP_META = 7 * 86400000
local KEEP_SEATS = 3600000

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function text(number) return string.format('%.0f', number) end

local function server(field) return string.match(redis.call('INFO', 'server'), field .. ':(%w+)') end

local function touch()
    redis.call('HSET', META, 'touched', text(now))
    redis.call('PEXPIRE', META, KEEP_META)
end

local function keep()
    redis.call('PEXPIRE', SEATS, KEEP_SEATS)
    redis.call('PEXPIRE', USERS, KEEP_SEATS)
    redis.call('PEXPIRE', NODES, KEEP_SEATS)
end

-- Versions grow through a loss of data too, because they never fall behind the clock.
local function nextVersion()
    local version = math.max(now, tonumber(redis.call('HGET', META, 'version') or '0') + 1)
    redis.call('HSET', META, 'version', text(version))
    return version
end

local function expired() return redis.call('ZRANGEBYSCORE', SEATS, '-inf', text(now)) end

-- Whether this Redis was there for everybody ever since `time`, as the calling node saw for itself: who did not renew
-- meanwhile is dead, or has given up what it held.
local function attended(time) return SINCE > 0 and SINCE <= time and HEARD <= now and now - HEARD < FRESH end

-- Whether this slot can be believed. The generation of a slot is the run id of the Redis process it was filled in: a restart,
-- a failover or a flush makes it another one, and then nobody knows who sits here until the nodes have said so.
-- Returns ready (boolean), since (of the rebuild).
local function standing()
    local meta = redis.call('HMGET', META, 'run', 'ready', 'since', 'touched')
    local run = server('run_id')
    if meta[1] ~= run then
        local ready = redis.call('GET', NEW) == run
        redis.call('DEL', NEW)
        redis.call('HSET', META, 'run', run, 'ready', ready and '1' or '0', 'since', text(now))
        return ready, now
    end
    local since = tonumber(meta[3])
    if meta[2] ~= '1' then
        -- Every living node has renewed within a lease, or given up its seats.
        if now - since < LEASE then return false, since end
        redis.call('HSET', META, 'ready', '1')
        return true, since
    end
    local touched = tonumber(meta[4] or '0')
    if now - touched > SILENCE and #expired() > 0 and not attended(touched) then
        redis.call('HSET', META, 'ready', '0', 'since', text(now))
        return false, now
    end
    return true, since
end

local function read(user)
    local json = redis.call('HGET', USERS, user)
    if json then return cjson.decode(json) end
end

local function write(user, record)
    record.v = nextVersion()
    local json = cjson.encode(record)
    redis.call('HSET', USERS, user, json)
    return json
end

local function take_out(user, changes)
    local json = redis.call('HGET', USERS, user)
    redis.call('ZREM', SEATS, user)
    redis.call('HDEL', USERS, user)
    table.insert(changes, {user, 'left', text(nextVersion()), json or ''})
end

-- Takes out whose lease is over, except `spared`, and the connections of nodes that are gone, with the seats of those
-- who had no other: their lease may be longer, as another node renewed it before they left that.
-- Appends to `changes`: user, 'left' | 'updated', version, JSON of the user (of who left: as it was).
local function purge(spared, changes)
    for _, user in ipairs(expired()) do
        if user ~= spared then take_out(user, changes) end
    end
    local gone = {}
    local nodes = redis.call('HGETALL', NODES)
    for i = 1, #nodes, 2 do
        if tonumber(nodes[i + 1]) <= now then gone[nodes[i]] = true; redis.call('HDEL', NODES, nodes[i]) end
    end
    if next(gone) then
        local everybody = redis.call('HGETALL', USERS)
        for i = 1, #everybody, 2 do
            local record, changed = cjson.decode(everybody[i + 1]), false
            for connection, at in pairs(record.c) do
                if gone[at.o] then record.c[connection] = nil; changed = true end
            end
            if changed and not next(record.c) and everybody[i] ~= spared then
                take_out(everybody[i], changes)
            elseif changed then
                local json = write(everybody[i], record)
                table.insert(changes, {everybody[i], 'updated', text(record.v), json})
            end
        end
    end
end
