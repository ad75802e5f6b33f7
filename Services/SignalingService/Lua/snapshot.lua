-- Who sits here: {version, count, user, JSON, user, JSON, …}
-- ARGV: lease, contact
local answer = {redis.call('HGET', META, 'version') or '0', redis.call('ZCOUNT', SEATS, '(' .. text(now), '+inf')}
local everybody = redis.call('HGETALL', USERS)
for i = 1, #everybody, 2 do
    if redis.call('ZSCORE', SEATS, everybody[i]) then
        table.insert(answer, everybody[i])
        table.insert(answer, everybody[i + 1])
    end
end
return answer
