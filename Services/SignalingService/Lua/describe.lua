-- Notes what changed about a user who sits here: a connection's media, or name and role.
-- ARGV: lease, contact, user, 'media', connection, JSON of the media · lease, contact, user, 'member', name, role
-- Answers {'updated', count, version, JSON of the user} · {'none'}
local user = ARGV[4]
local record = read(user)
if not record then return {'none'} end
if ARGV[5] == 'media' then
    if not record.c[ARGV[6]] then return {'none'} end
    record.c[ARGV[6]].m = cjson.decode(ARGV[7])
else
    record.n, record.r = ARGV[6], ARGV[7]
end
local json = write(user, record)
return {'updated', redis.call('ZCARD', SEATS), text(record.v), json}
