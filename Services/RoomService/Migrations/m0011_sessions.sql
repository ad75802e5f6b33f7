-- The live listening session of a room.
ALTER TABLE rooms ADD COLUMN session_id uuid;

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    room_id uuid NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    name text NOT NULL,
    genre text NOT NULL,
    genre_key text COLLATE "C" NOT NULL,
    tags text[] NOT NULL,
    is_private boolean NOT NULL,
    host_id uuid NOT NULL REFERENCES users (id),
    dj_id uuid NOT NULL REFERENCES users (id),
    -- What plays. All times are the database's, so that instances with other clocks agree.
    item_id uuid,
    started_at timestamptz,                     -- a resume moves it: the position is the time since then
    paused_at timestamptz,
    due_at timestamptz,                         -- when it ends by itself
    item_head integer NOT NULL DEFAULT 0,       -- the newest item's position
    version bigint NOT NULL DEFAULT 1,          -- changes of queue, votes, pause and roles
    told_version bigint NOT NULL DEFAULT 0,     -- the last one that the broker has
    changed_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((item_id IS NULL) = (started_at IS NULL)),
    CHECK (item_id IS NOT NULL OR (paused_at IS NULL AND due_at IS NULL)),
    CHECK (ended_at IS NULL OR item_id IS NULL)
);

-- Whatever the code does: never two live ones in a room.
CREATE UNIQUE INDEX sessions_one_live ON sessions (room_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_due ON sessions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX sessions_unchanged ON sessions (changed_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_untold ON sessions (changed_at) WHERE told_version < version;
CREATE INDEX sessions_active ON sessions (created_at DESC, id DESC) WHERE ended_at IS NULL AND NOT is_private;
CREATE INDEX sessions_active_of_genre ON sessions (genre_key, created_at DESC, id DESC)
    WHERE ended_at IS NULL AND NOT is_private;
CREATE INDEX sessions_ended ON sessions (ended_at DESC, id DESC) WHERE ended_at IS NOT NULL AND NOT is_private;
CREATE INDEX sessions_ended_of_room ON sessions (room_id, ended_at DESC, id DESC) WHERE ended_at IS NOT NULL;

CREATE TABLE session_items (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    added_by uuid NOT NULL REFERENCES users (id),
    track jsonb NOT NULL,
    position integer NOT NULL,
    upvotes integer NOT NULL DEFAULT 0,
    downvotes integer NOT NULL DEFAULT 0,
    played_at timestamptz,                      -- when it began to play; it waits until then
    skipped boolean NOT NULL DEFAULT false,
    UNIQUE (session_id, position)
);

CREATE INDEX session_items_waiting ON session_items (session_id, upvotes DESC, position) WHERE played_at IS NULL;

CREATE TABLE session_votes (
    item_id uuid NOT NULL REFERENCES session_items (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id),
    is_up boolean NOT NULL,
    PRIMARY KEY (item_id, user_id)
);

CREATE TABLE session_skips (
    item_id uuid NOT NULL REFERENCES session_items (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id),
    PRIMARY KEY (item_id, user_id)
);

-- Who joined, whether or not they hold a seat in the room just now.
CREATE TABLE session_listeners (
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id),
    number bigint GENERATED ALWAYS AS IDENTITY, -- orders them by standing
    PRIMARY KEY (session_id, user_id)
);
