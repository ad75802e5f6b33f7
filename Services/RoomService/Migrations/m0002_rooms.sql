CREATE TABLE rooms (
    id uuid PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE,
    kind text NOT NULL,
    type text NOT NULL,
    name text,
    name_key text COLLATE "C" NOT NULL,         -- lower case; rooms without a name sort last
    description text,
    genre text,
    genre_key text COLLATE "C",
    words tsvector NOT NULL,                    -- words of name and description, made by the service
    owner_id uuid NOT NULL,                     -- the last one, once the room is empty
    max_participants integer NOT NULL,
    is_active boolean NOT NULL,
    end_reason text,
    version bigint NOT NULL,                    -- changes of fields, owner and end
    fact_head bigint NOT NULL,                  -- the newest fact
    audit_head bigint NOT NULL DEFAULT 0,       -- the newest audit entry
    member_count integer NOT NULL,
    participant_count integer NOT NULL DEFAULT 0,
    peak_participants integer NOT NULL DEFAULT 0,
    message_count bigint NOT NULL DEFAULT 0,    -- as events told; the message service knows exactly
    session_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK (is_active = (ended_at IS NULL)),
    CHECK (member_count >= 0),
    CHECK (participant_count >= 0)
);

-- Discovery: one index for each order, live rooms apart from ended ones.
CREATE INDEX rooms_listed_by_activity ON rooms (is_active, last_activity_at DESC, id DESC)
    WHERE type IN ('public', 'genre', 'artist');
CREATE INDEX rooms_listed_by_members ON rooms (is_active, member_count DESC, id DESC)
    WHERE type IN ('public', 'genre', 'artist');
CREATE INDEX rooms_listed_by_age ON rooms (is_active, created_at DESC, id DESC)
    WHERE type IN ('public', 'genre', 'artist');
CREATE INDEX rooms_listed_by_name ON rooms (is_active, name_key, id)
    WHERE type IN ('public', 'genre', 'artist');
-- Rare filters: few rows to sort. Frequent ones are met early in the order itself.
CREATE INDEX rooms_listed_by_genre ON rooms (genre_key, is_active)
    WHERE type IN ('public', 'genre', 'artist') AND genre_key IS NOT NULL;
CREATE INDEX rooms_listed_by_type ON rooms (type, kind, is_active)
    WHERE type IN ('public', 'genre', 'artist');
CREATE INDEX rooms_listed_words ON rooms USING gin (words)
    WHERE type IN ('public', 'genre', 'artist');
CREATE STATISTICS rooms_filters (mcv) ON type, kind, genre_key, is_active FROM rooms;

-- Jobs.
CREATE INDEX rooms_expiring ON rooms (last_activity_at, id)
    WHERE is_active AND kind IN ('meeting', 'pair') AND participant_count = 0;
CREATE INDEX rooms_to_purge ON rooms (ended_at) WHERE end_reason = 'deleted';
CREATE INDEX rooms_occupied ON rooms (id) WHERE participant_count > 0;
CREATE INDEX rooms_changed ON rooms (updated_at, id);
CREATE INDEX rooms_active ON rooms (id) WHERE is_active;

-- What happened to a room, densely numbered; other services read it in this order.
CREATE TABLE facts (
    room_id uuid NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    fact bigint NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (room_id, fact)
);
