-- Whether there is no seat for a user; changes nothing. Where it is not certain, `join` finds out.
-- ARGV: lease, contact, user
-- Answers '1' | '0'
local object = redis.call('GET', ROOM)
if not object or redis.call('ZSCORE', SEATS, ARGV[4]) then return '0' end
local taken = redis.call('ZCOUNT', SEATS, '(' .. text(now), '+inf')
return taken >= cjson.decode(object).maxParticipants and '1' or '0'
