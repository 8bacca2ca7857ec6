-- Messages that the server has taken wait until no bounce is to be expected any more: they are due then, and not sent again unless
-- they come back.
ALTER TABLE outbox ADD COLUMN is_taken INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN returned INTEGER NOT NULL DEFAULT 0;
