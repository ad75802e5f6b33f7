-- Notes what changed about a user who sits here: a connection's media, or name and role.
-- ARGV: lease, contact, user, 'media', connection, JSON of the media, how often it changed · lease, contact, user, 'member', name, role
-- Answers {'updated', count, version, JSON of the user} · {'none'}
local user = ARGV[4]
local record = read(user)
if not record then return {'none'} end
if ARGV[5] == 'media' then
    local at, changes = record.c[ARGV[6]], tonumber(ARGV[8])
    if not at or (at.k or 0) > changes then return {'none'} end
    at.m, at.k = cjson.decode(ARGV[7]), changes
else
    record.n, record.r = ARGV[6], ARGV[7]
end
local json = write(user, record)
return {'updated', redis.call('ZCARD', SEATS), text(record.v), json}
