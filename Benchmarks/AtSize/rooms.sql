-- Rooms number `from` to `upto` with five members each, as people make them: most are unlisted, most live, genres and words are
-- few that are frequent and many that are rare. Indexes are made when the rows are there.
\set ON_ERROR_STOP on
SET search_path TO rooms, public;
SET synchronous_commit TO off;
SET maintenance_work_mem TO '1GB';
-- Millions of foreign keys that are right by construction.
SET session_replication_role TO replica;

CREATE OR REPLACE FUNCTION pg_temp.word(frequency float8) RETURNS text LANGUAGE sql VOLATILE
    RETURN 'w' || floor(20000 * power(random(), 3))::int;

CREATE TEMP TABLE suspended AS
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
    FROM pg_index WHERE indrelid IN ('rooms'::regclass, 'members'::regclass, 'users'::regclass)
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = indexrelid);
SELECT format('DROP INDEX %s', name) FROM suspended \gexec

INSERT INTO users (id, email_verified, told_name, display_name, role, plan, created_at, seen_at)
SELECT md5('user' || i)::uuid, false, 'User ' || i, 'User ' || i, 'user', 'free', now(), now()
FROM generate_series((:from - 1) / 5 + 1, :upto / 5) i;

INSERT INTO rooms (id, code, kind, type, name, name_key, description, genre, genre_key, words, owner_id,
    max_participants, is_active, end_reason, version, fact_head, member_count, created_at, updated_at, last_activity_at,
    ended_at)
SELECT md5('room' || i)::uuid, at_size_code(i), kind, type, name, lower(name), description, genre, lower(genre),
    array_to_tsvector(ARRAY(SELECT DISTINCT unnest(string_to_array(lower(name || ' ' || description), ' ')))),
    md5('user' || 1 + i % (:upto / 5))::uuid, 1000, is_active, CASE WHEN NOT is_active THEN 'empty' END, 1, 5, 5 + (random() * 200)::int, at, at,
    at, CASE WHEN NOT is_active THEN at END
FROM (
    SELECT i, now() - random() * interval '20 hours' AS at, random() < 0.8 AS is_active,
        CASE WHEN a < 0.6 THEN 'chat' WHEN a < 0.9 THEN 'meeting' ELSE 'listening' END AS kind,
        CASE WHEN b < 0.5 THEN 'unlisted' WHEN b < 0.6 THEN 'private' WHEN b < 0.9 THEN 'public' WHEN b < 0.97 THEN 'genre' ELSE 'artist' END
            AS type,
        CASE WHEN b >= 0.9 THEN 'Genre ' || floor(500 * c * c)::int END AS genre,
        'Room ' || pg_temp.word(0) || ' ' || pg_temp.word(0) AS name,
        concat_ws(' ', pg_temp.word(i), pg_temp.word(i), CASE WHEN d < 0.2 THEN 'frequent' END,
            CASE WHEN d BETWEEN 0.5 AND 0.505 THEN 'occasional' END,
            CASE WHEN i % (:upto / 20) = 0 THEN 'rare' END) AS description
    FROM (SELECT i, random() AS a, random() AS b, random() AS c, random() AS d FROM generate_series(:from, :upto) i) r
) r;

INSERT INTO members (room_id, user_id, role, joined_at, joined_fact)
SELECT md5('room' || i)::uuid, md5('user' || 1 + (i + k * 7) % (:upto / 5))::uuid, CASE k WHEN 0 THEN 'owner' ELSE 'member' END,
    now(), k + 1
FROM generate_series(:from, :upto) i, generate_series(0, 4) k
ON CONFLICT DO NOTHING;

SELECT definition FROM suspended \gexec
VACUUM ANALYZE rooms;
VACUUM ANALYZE members;
ANALYZE users;
