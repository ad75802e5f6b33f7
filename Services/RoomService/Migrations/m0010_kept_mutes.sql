-- Mutes of those who left or were removed: who comes back is muted still. A ban takes their place, and whom a moderator
-- adds begins anew.
CREATE TABLE kept_mutes (
    room_id uuid NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id),
    until timestamptz,
    PRIMARY KEY (room_id, user_id)
);

CREATE INDEX kept_mutes_ending ON kept_mutes (until) WHERE until IS NOT NULL;
