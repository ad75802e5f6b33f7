public import Postgres

/// The tables that publishing and consuming need in a service's own schema.
public enum EventBusSchema {
    /// To be applied before the service's own migrations.
    public static let migrations = [
        Migration(
            name: "0000_event_bus",
            sql: """
                -- Events that are committed and not yet confirmed by the broker. Published rows are deleted at once, so the
                -- table is nearly empty and churns: it is vacuumed by count, not by share.
                CREATE TABLE outbox (
                    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    event_id uuid NOT NULL UNIQUE,
                    -- The process that is about to publish it; without one the relay does, in the order of ids.
                    owner bigint,
                    -- For the relay: no queue took it, so not before this.
                    due_at timestamptz NOT NULL DEFAULT now(),
                    routing_key text NOT NULL,
                    type text NOT NULL,
                    is_mandatory boolean NOT NULL,
                    request_id text,
                    traceparent text,
                    occurred_at timestamptz NOT NULL,
                    body bytea NOT NULL,
                    created_at timestamptz NOT NULL DEFAULT now()
                ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
                        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000);
                CREATE INDEX outbox_owner ON outbox (owner, id) WHERE owner IS NOT NULL;
                CREATE INDEX outbox_relay ON outbox (id) WHERE owner IS NULL;

                -- Which events each consumer has handled; rows outlive the latest possible redelivery and are then purged.
                CREATE TABLE inbox (
                    consumer text NOT NULL,
                    event_id uuid NOT NULL,
                    handled_at timestamptz NOT NULL DEFAULT now(),
                    PRIMARY KEY (consumer, event_id)
                );
                CREATE INDEX inbox_handled_at ON inbox (handled_at);
                """)
    ]
}
