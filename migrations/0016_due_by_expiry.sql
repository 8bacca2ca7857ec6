-- No message is due later than it expires, so expired messages are found among those that are due. An index of expiries costs as much
-- as each of the others with each message.
UPDATE outbox SET due_at = expires_at WHERE due_at > expires_at;
DROP INDEX outbox_by_expiry;
DROP INDEX outbox_by_due;
CREATE INDEX outbox_by_due ON outbox (queue, due_at, expires_at);
