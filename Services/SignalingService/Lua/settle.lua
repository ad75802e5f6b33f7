-- Ends a rebuild early: every node that could hold seats here has registered them.
-- ARGV: lease, contact, since, run (both as `join` answered them)
-- Answers 'ready' · 'early' while this Redis is so young that a node may not have found it · 'stale' when another rebuild runs
local since, run = ARGV[4], ARGV[5]
local meta = redis.call('HMGET', META, 'run', 'ready', 'since')
if run ~= server('run_id') or meta[1] ~= run then return 'stale' end
if meta[2] == '1' then return 'ready' end
if meta[3] ~= since then return 'stale' end
if tonumber(server('uptime_in_seconds')) < YOUNG then return 'early' end
redis.call('HSET', META, 'ready', '1')
touch()
return 'ready'
