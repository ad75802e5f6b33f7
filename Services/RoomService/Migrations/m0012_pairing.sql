-- Where somebody stands in random pairing: they search, or they are in a pair. One row each, whatever the code does: nobody
-- searches twice, is in two pairs, or searches while in one.
CREATE TABLE pairing (
    user_id uuid PRIMARY KEY REFERENCES users (id),
    room_id uuid REFERENCES rooms (id) ON DELETE CASCADE,   -- NULL while searching
    place smallint CHECK (place IN (1, 2)),
    interests text[] NOT NULL,
    since timestamptz NOT NULL,                             -- when the search began
    expires_at timestamptz,                                 -- of a search that nobody renews
    CHECK ((room_id IS NULL) = (place IS NULL)),
    CHECK ((room_id IS NULL) = (expires_at IS NOT NULL)),
    UNIQUE (room_id, place)                                 -- no triple
);

CREATE INDEX pairing_waiting ON pairing (since, user_id) WHERE room_id IS NULL;
CREATE INDEX pairing_ending ON pairing (expires_at) WHERE room_id IS NULL;

-- The interests of those who search, each with who waits longest first: the next partner is one step away however many wait.
CREATE TABLE pairing_interests (
    interest text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    user_id uuid NOT NULL REFERENCES pairing (user_id) ON DELETE CASCADE,
    PRIMARY KEY (interest, since, user_id)
);

CREATE INDEX pairing_interests_by_user ON pairing_interests (user_id);

-- The two whom pairing brought into a room, and what they think of each other. Outlives the pair, not the room.
CREATE TABLE pairs (
    room_id uuid PRIMARY KEY REFERENCES rooms (id) ON DELETE CASCADE,
    first_user uuid NOT NULL,                               -- who waited longer
    second_user uuid NOT NULL,
    first_likes boolean NOT NULL DEFAULT false,
    first_keeps boolean NOT NULL DEFAULT false,
    first_reported boolean NOT NULL DEFAULT false,
    second_likes boolean NOT NULL DEFAULT false,
    second_keeps boolean NOT NULL DEFAULT false,
    second_reported boolean NOT NULL DEFAULT false,
    ended_by uuid,
    CHECK (first_user <> second_user)
);

-- Who is not to meet whom, and until when. Kept without the room: it may be purged.
CREATE TABLE pairing_pauses (
    lower_user uuid NOT NULL,
    higher_user uuid NOT NULL,
    until timestamptz,                                      -- NULL: they never meet again
    PRIMARY KEY (lower_user, higher_user),
    CHECK (lower_user < higher_user)
);

CREATE INDEX pairing_pauses_ending ON pairing_pauses (until) WHERE until IS NOT NULL;

-- Pairs that nobody sits in end much earlier than meetings.
CREATE INDEX rooms_abandoned ON rooms (last_activity_at, id)
    WHERE is_active AND kind = 'pair' AND participant_count = 0;
