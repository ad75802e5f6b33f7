CREATE TABLE notifications (
    id              uuid PRIMARY KEY,
    user_id         uuid,
    -- Lower case.
    email           text,
    kind            text NOT NULL,
    title           text NOT NULL,
    payload         jsonb NOT NULL,
    room_id         uuid,
    room_code       text,
    -- Listed and pushed; decided once, by the preferences of that moment.
    in_app          boolean NOT NULL,
    read_at         timestamptz,
    created_at      timestamptz NOT NULL,

    -- One row per invitation, however often its event comes.
    invitation_id   uuid UNIQUE,
    -- What delivery events repeat of the invitation.
    invitation      jsonb,

    -- The mail. A repeat of the invitation begins it anew.
    repeat_number   integer NOT NULL DEFAULT 0,
    status          text NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'failed', 'uncertain')),
    attempts        integer NOT NULL DEFAULT 0,
    last_error      text,
    -- Counts what the inviter was told of it.
    delivery_number integer NOT NULL DEFAULT 0,
    queued_at       timestamptz NOT NULL,
    due_at          timestamptz,
    -- Who works on it: a new id for each attempt, so that a late word of an old one is known for what it is.
    claim_id        uuid,
    lease_until     timestamptz,
    -- From here on the mail server may have it, whatever we hear.
    handed_over_at  timestamptz,
    -- Of the request that caused it, for logs and further events.
    request_id      text,
    traceparent     text,

    CHECK (user_id IS NOT NULL OR email IS NOT NULL),
    CHECK ((status = 'queued') = (due_at IS NOT NULL))
);

-- Ids are UUIDv7, so their order is that of time.
CREATE INDEX notifications_of_user ON notifications (user_id, id DESC) WHERE in_app;
CREATE INDEX notifications_of_email ON notifications (email, id DESC) WHERE in_app;
CREATE INDEX notifications_unread_of_user ON notifications (user_id, id DESC) WHERE in_app AND read_at IS NULL;
CREATE INDEX notifications_unread_of_email ON notifications (email, id DESC) WHERE in_app AND read_at IS NULL;
CREATE INDEX notifications_due ON notifications (due_at) WHERE status = 'queued';
CREATE INDEX notifications_leased ON notifications (lease_until) WHERE status = 'sending';

CREATE TABLE preferences (
    user_id     uuid PRIMARY KEY,
    -- The verified address the user was last seen with, lower case: mail to it heeds these wishes.
    address     text,
    email       boolean NOT NULL DEFAULT true,
    in_app      boolean NOT NULL DEFAULT true,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX preferences_of_address ON preferences (address) WHERE address IS NOT NULL;

CREATE TABLE muted_rooms (
    user_id     uuid NOT NULL REFERENCES preferences ON DELETE CASCADE,
    room_id     uuid NOT NULL,
    room_code   text NOT NULL,
    -- As the user listed them.
    position    bigint NOT NULL,
    PRIMARY KEY (user_id, room_id)
);

-- What is still to be told to webhook receivers; a row goes when its receiver has it.
CREATE TABLE webhook_deliveries (
    id          uuid PRIMARY KEY,
    target      text NOT NULL,
    event_id    uuid NOT NULL,
    body        text NOT NULL,
    attempts    integer NOT NULL DEFAULT 0,
    last_error  text,
    queued_at   timestamptz NOT NULL DEFAULT now(),
    -- NULL: given up.
    due_at      timestamptz DEFAULT now(),
    UNIQUE (event_id, target)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (target, due_at) WHERE due_at IS NOT NULL;
