-- A message is due when it expires at the latest, so what has expired is found among those that are due. An index of expiries of its own
-- costs as much as each of the others with each message.
UPDATE outbox SET due_at = expires_at WHERE due_at > expires_at;
DROP INDEX outbox_by_expiry;
