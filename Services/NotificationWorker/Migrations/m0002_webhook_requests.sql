-- What a receiver is told of belongs to the request that caused it, in the log too.
ALTER TABLE webhook_deliveries ADD COLUMN request_id text;
