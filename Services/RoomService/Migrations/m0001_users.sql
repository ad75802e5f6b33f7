-- Users are known from their tokens; the row is what the last contact said.
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text,
    email_key text COLLATE "C",                 -- the address in lower case: how it is compared
    email_verified boolean NOT NULL,
    display_name text NOT NULL,
    role text NOT NULL,
    plan text NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    banned_at timestamptz,
    banned_until timestamptz,
    banned_by uuid,
    ban_reason text
);

CREATE INDEX users_by_email ON users (email_key) WHERE email_verified;
-- Every service polls the bans once a second.
CREATE INDEX users_banned ON users (id) WHERE banned_at IS NOT NULL;
