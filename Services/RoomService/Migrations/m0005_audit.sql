-- Each entry carries the hash of the one before: what is changed or taken out later shows.
CREATE TABLE audit (
    room_id uuid NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    number bigint NOT NULL,
    id uuid NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    target_id uuid,
    reason text,
    at timestamptz NOT NULL,
    hash bytea NOT NULL,
    previous_hash bytea NOT NULL,
    PRIMARY KEY (room_id, number)
);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Purging a whole deleted room is the one exception, and says so in its transaction.
    IF TG_OP = 'DELETE' AND current_setting('parlor.purging', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;

CREATE TRIGGER audit_rows BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_table BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- Kept without its room: an administrator may look at a report after the room was purged.
CREATE TABLE reports (
    id uuid PRIMARY KEY,
    room_id uuid NOT NULL,
    room_code text NOT NULL,
    reporter_id uuid NOT NULL,
    user_id uuid,
    message_id uuid,
    reason text NOT NULL,
    created_at timestamptz NOT NULL
);
