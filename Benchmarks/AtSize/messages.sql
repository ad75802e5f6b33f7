-- `count` messages: half of them in one room, the others in rooms of fifty; a tenth as many again in the archive.
\set ON_ERROR_STOP on
SET search_path TO messages, public;
SET synchronous_commit TO off;
SET maintenance_work_mem TO '1GB';

CREATE TEMP TABLE suspended AS
    SELECT indexrelid::regclass::text AS name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') AS definition
    FROM pg_index WHERE indrelid = 'messages'::regclass
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = indexrelid);
SELECT format('DROP INDEX %s', name) FROM suspended \gexec

TRUNCATE messages, messages_archive, reactions, pins, members, rooms;
INSERT INTO rooms (room_id, code, last_seq, message_count, last_message_at)
SELECT md5('room' || i)::uuid, at_size_code(i), n, n, now()
FROM (SELECT i, CASE WHEN i = 1 THEN :count / 2 ELSE 50 END AS n FROM generate_series(1, 1 + :count / 100) i) r;
INSERT INTO members (room_id, user_id, is_member, role, joined_seq)
SELECT room_id, :'caller', true, 'member', 1 FROM rooms LIMIT 50;
INSERT INTO members (room_id, user_id, is_member, role, joined_seq)
SELECT md5('room' || i)::uuid, :'caller', true, 'member', 1 FROM generate_series(1, 2) i ON CONFLICT DO NOTHING;

-- In the big room every fiftieth message answers its first one.
INSERT INTO messages (room_id, seq, ordinal, message_id, user_id, created_at, digest, reply_count, type, parent_id, content)
SELECT CASE WHEN i <= :count / 2 THEN md5('room1') ELSE md5('room' || 2 + (i - :count / 2 - 1) / 50) END::uuid, n, n,
    md5('message' || i)::uuid, md5('user' || i % 100)::uuid, now(), 0, CASE i WHEN 1 THEN :count / 100 ELSE 0 END, 'text',
    CASE WHEN i <= :count / 2 AND i % 50 = 0 THEN md5('message1')::uuid END,
    concat_ws(' ', 'w' || floor(20000 * power(random(), 3))::int, 'w' || floor(20000 * power(random(), 3))::int,
        'w' || floor(20000 * power(random(), 3))::int, 'w' || floor(20000 * power(random(), 3))::int,
        CASE WHEN d < 0.2 THEN 'frequent' END, CASE WHEN d BETWEEN 0.5 AND 0.5005 THEN 'occasional' END,
        CASE WHEN i % (:count / 20) = 7 THEN 'rare' END)
FROM (SELECT i, CASE WHEN i <= :count / 2 THEN i ELSE 1 + (i - :count / 2 - 1) % 50 END AS n, random() AS d
    FROM generate_series(1, :count) i) r;

-- Room 2 ended long ago.
DELETE FROM messages WHERE room_id = md5('room2')::uuid;
INSERT INTO messages_archive (room_id, seq, ordinal, message_id, user_id, created_at, digest, reply_count, type, content)
SELECT md5('room2')::uuid, i, i, md5('archived' || i)::uuid, md5('user' || i % 100)::uuid, now(), 0, 0, 'text', 'Message ' || i
FROM generate_series(1, :count / 10) i;
UPDATE rooms SET last_seq = :count / 10, message_count = :count / 10, archived_seq = :count / 10, is_archived = true,
    ended_at = now() - interval '100 days'
WHERE room_id = md5('room2')::uuid;

INSERT INTO reactions (room_id, message_id, emoji, user_id, at)
SELECT room_id, message_id, '👍', md5('user' || k)::uuid, now() FROM messages, generate_series(1, 3) k
WHERE seq % 20 = 0;
INSERT INTO pins (room_id, message_id, pinned_by, pinned_at)
SELECT md5('room1')::uuid, md5('message' || i * (:count / 200))::uuid, :'caller', now() FROM generate_series(1, 50) i;

SELECT definition FROM suspended \gexec
VACUUM ANALYZE messages;
VACUUM ANALYZE messages_archive;
VACUUM ANALYZE reactions;
ANALYZE pins;
ANALYZE rooms;
ANALYZE members;
