CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    room_id uuid NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    email text NOT NULL,
    email_key text COLLATE "C" NOT NULL,
    invited_by uuid NOT NULL REFERENCES users (id),
    status text NOT NULL,
    delivery text NOT NULL,
    delivery_number integer NOT NULL DEFAULT 0, -- of the newest report; a late older one changes nothing
    token_nonce bytea NOT NULL,                 -- the token is made of it and a secret, and is nowhere in clear
    token_hash bytea NOT NULL UNIQUE,
    repeat_number integer NOT NULL DEFAULT 0,
    mailed_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    answered_by uuid,
    answered_at timestamptz
);

CREATE UNIQUE INDEX invitations_one_pending ON invitations (room_id, email_key) WHERE status = 'pending';
CREATE INDEX invitations_by_room ON invitations (room_id, id DESC);
CREATE INDEX invitations_to_address ON invitations (email_key, id DESC) WHERE status = 'pending';
CREATE INDEX invitations_expiring ON invitations (expires_at) WHERE status = 'pending';
