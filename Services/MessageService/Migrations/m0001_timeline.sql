-- The timeline. Every unique key carries room_id, so that rooms can be spread over partitions today and shards later.

CREATE EXTENSION IF NOT EXISTS btree_gin;

-- The words of a text as search knows them: punctuation parts words, so that "and/or" is found by "or"; what
-- looks like markup is text like any other.
CREATE FUNCTION search_words(content text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('pg_catalog.simple', translate(content, './\-_:@&=?#%+~''<>', '                 '));

-- One row a room: the head of its timeline. Whoever appends holds this row's lock until the commit, and that
-- alone makes `seq` dense and the order of commits the order of numbers.
CREATE TABLE rooms (
    room_id         uuid PRIMARY KEY,
    code            text NOT NULL UNIQUE,
    last_seq        bigint NOT NULL DEFAULT 0,
    -- The room service's last fact that became an entry.
    applied_fact    bigint NOT NULL DEFAULT 0,
    -- The last one heard of; further than applied_fact where one before it has yet to be asked for.
    heard_fact      bigint NOT NULL DEFAULT 0,
    -- Every entry up to here was confirmed by the broker.
    published_seq   bigint NOT NULL DEFAULT 0,
    -- Since when entries wait for that confirmation; null when none does. Indexed, so it changes seldom.
    unpublished_at  timestamptz,
    -- Entries are left to the relay until it has caught up: whatever would publish one at once would overtake others.
    is_relayed      boolean NOT NULL DEFAULT false,
    message_count   bigint NOT NULL DEFAULT 0,
    last_message_at timestamptz,
    ended_at        timestamptz,
    -- Entries up to here moved to the archive; `is_archived` once all have. (The index below must name no column
    -- that an append changes, or every append would touch all indexes.)
    archived_seq    bigint NOT NULL DEFAULT 0,
    is_archived     boolean NOT NULL DEFAULT false
) WITH (fillfactor = 60);

CREATE INDEX rooms_unpublished ON rooms (unpublished_at) WHERE unpublished_at IS NOT NULL;
CREATE INDEX rooms_relayed ON rooms (unpublished_at) WHERE is_relayed;
CREATE INDEX rooms_with_holes ON rooms (room_id) WHERE heard_fact > applied_fact;
CREATE INDEX rooms_to_archive ON rooms (ended_at) WHERE ended_at IS NOT NULL AND NOT is_archived;

-- Who may do what, as the facts of the room service say; and how far each has read.
CREATE TABLE members (
    room_id       uuid NOT NULL,
    user_id       uuid NOT NULL,
    -- False for who left, was removed or banned.
    is_member     boolean NOT NULL,
    role          text NOT NULL,
    is_muted      boolean NOT NULL DEFAULT false,
    muted_until   timestamptz,
    joined_seq    bigint NOT NULL,
    last_read_seq bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (room_id, user_id)
) WITH (fillfactor = 80);

CREATE INDEX members_of_user ON members (user_id) WHERE is_member;

-- Messages as they are now. The row is also the timeline's `message_created` entry, until an edit puts the
-- original into `entries`: one row for one message keeps the hot path to one insert.
CREATE TABLE messages (
    room_id           uuid NOT NULL,
    seq               bigint NOT NULL,
    -- How many messages the room had with this one: what is unread is counted by it, not by reading.
    ordinal           bigint NOT NULL,
    message_id        uuid NOT NULL,
    user_id           uuid NOT NULL,
    created_at        timestamptz NOT NULL,
    edited_at         timestamptz,
    deleted_at        timestamptz,
    parent_id         uuid,
    -- Tells whether a repeated client_message_id came with the same body; outlives edits and deletion.
    digest            bigint NOT NULL,
    reply_count       integer NOT NULL DEFAULT 0,
    type              text NOT NULL,
    client_message_id text,
    -- Of the request it came by, for its event should that leave late.
    request_id        text,
    content           text,
    track_ref         text,
    PRIMARY KEY (room_id, seq),
    UNIQUE (room_id, user_id, client_message_id)
) PARTITION BY HASH (room_id);

CREATE INDEX messages_id ON messages (message_id);
CREATE INDEX messages_replies ON messages (room_id, parent_id, seq) WHERE parent_id IS NOT NULL;
-- One's own, and what was deleted: few beside all that somebody has not read yet.
CREATE INDEX messages_sender ON messages (room_id, user_id, seq);
CREATE INDEX messages_deleted ON messages (room_id, seq) INCLUDE (user_id) WHERE deleted_at IS NOT NULL;
CREATE INDEX messages_words ON messages USING gin (room_id, search_words(content));

-- The entries that are no message's creation, with their further fields as JSON text, ready to be sent.
CREATE TABLE entries (
    room_id    uuid NOT NULL,
    seq        bigint NOT NULL,
    type       text NOT NULL,
    at         timestamptz NOT NULL,
    user_id    uuid,
    message_id uuid,
    request_id text,
    body       text NOT NULL,
    PRIMARY KEY (room_id, seq)
) PARTITION BY HASH (room_id);

CREATE INDEX entries_message ON entries (room_id, message_id) WHERE message_id IS NOT NULL;

CREATE TABLE reactions (
    room_id    uuid NOT NULL,
    message_id uuid NOT NULL,
    emoji      text NOT NULL,
    user_id    uuid NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (room_id, message_id, emoji, user_id)
) PARTITION BY HASH (room_id);

CREATE TABLE pins (
    room_id    uuid NOT NULL,
    message_id uuid NOT NULL,
    pinned_by  uuid NOT NULL,
    pinned_at  timestamptz NOT NULL,
    PRIMARY KEY (room_id, message_id)
);

DO $$
DECLARE
    parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['messages', 'entries', 'reactions'] LOOP
        FOR part IN 0..15 LOOP
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS 16, REMAINDER %s)',
                parent || '_' || part, parent, part);
        END LOOP;
    END LOOP;
END $$;

-- What moved out of rooms that ended long ago: found by id and by range of numbers, no longer by words.
CREATE TABLE messages_archive (LIKE messages, PRIMARY KEY (room_id, seq));
CREATE INDEX messages_archive_id ON messages_archive (message_id);
CREATE INDEX messages_archive_client ON messages_archive (room_id, user_id, client_message_id);
CREATE INDEX messages_archive_replies ON messages_archive (room_id, parent_id, seq) WHERE parent_id IS NOT NULL;
CREATE TABLE entries_archive (LIKE entries, PRIMARY KEY (room_id, seq));

CREATE VIEW all_messages AS SELECT * FROM messages UNION ALL SELECT * FROM messages_archive;
CREATE VIEW all_entries AS SELECT * FROM entries UNION ALL SELECT * FROM entries_archive;
