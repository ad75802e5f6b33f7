CREATE TABLE members (
    room_id uuid NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id),
    role text NOT NULL,
    is_muted boolean NOT NULL DEFAULT false,
    muted_until timestamptz,
    joined_at timestamptz NOT NULL,
    joined_fact bigint NOT NULL,                -- orders members by standing; joined_at never contradicts it
    PRIMARY KEY (room_id, user_id)
);

CREATE INDEX members_by_user ON members (user_id, room_id);
CREATE INDEX members_by_standing ON members (room_id, joined_fact);
-- Whatever the code does: never two owners.
CREATE UNIQUE INDEX members_one_owner ON members (room_id) WHERE role = 'owner';

CREATE TABLE room_bans (
    room_id uuid NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id),
    reason text,
    until timestamptz,
    banned_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

CREATE INDEX room_bans_by_age ON room_bans (room_id, created_at DESC, user_id DESC);
CREATE INDEX room_bans_ending ON room_bans (until) WHERE until IS NOT NULL;

-- Who was last seen in a room, for the time that the seats in Redis cannot be read. Rebuilt from there.
CREATE UNLOGGED TABLE presence (
    room_id uuid NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (room_id, user_id)
);
