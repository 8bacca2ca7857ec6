-- Which key a row was made with, by its number: while the key is changed, there are rows of two. "meta" has the number of the
-- current one ("key_number", 0 if it is not there) and, as long as a change lasts, what the former one is known by
-- ("former_key_check").
ALTER TABLE links ADD COLUMN key_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pending ADD COLUMN key_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN key_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscribers ADD COLUMN key_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mutes ADD COLUMN key_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN key_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE suppressions ADD COLUMN key_number INTEGER NOT NULL DEFAULT 0;
UPDATE meta SET name = 'suppression_keys_0' WHERE name = 'suppression_keys';

-- Changes of the key used to copy all links, with their indexes, which have one of two names since.
DROP INDEX IF EXISTS links_once;
DROP INDEX IF EXISTS links_once_2;
DROP INDEX IF EXISTS links_by_id;
DROP INDEX IF EXISTS links_by_id_2;
DROP INDEX IF EXISTS links_by_owner;
DROP INDEX IF EXISTS links_by_owner_2;
CREATE UNIQUE INDEX links_once ON links (id_mac) WHERE typeof(id_mac) = 'blob';
-- What shows whose a link is stands here as well, so that the look-up that is asked most reads one page of many and not two.
CREATE INDEX links_by_id ON links (id_mac, proof);
CREATE INDEX links_by_owner ON links (owner_mac);
