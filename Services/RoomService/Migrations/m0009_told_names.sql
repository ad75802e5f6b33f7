-- The name that a user's rooms were last told, and when. It is behind display_name for a moment after a change.
ALTER TABLE users ADD COLUMN told_name text, ADD COLUMN told_at timestamptz;
UPDATE users SET told_name = display_name;
ALTER TABLE users ALTER COLUMN told_name SET NOT NULL;

CREATE INDEX users_renamed ON users (id) WHERE told_name <> display_name;
