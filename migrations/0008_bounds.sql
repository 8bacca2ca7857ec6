-- Because of which server an introduction waits: a MAC, to count the bytes by it. Nothing for the own server's people, and for all
-- other messages. The index has the sizes as well, so that to count them is to read it alone.
ALTER TABLE outbox ADD COLUMN payer_mac BLOB;
CREATE INDEX outbox_by_payer ON outbox (payer_mac, length(box)) WHERE payer_mac IS NOT NULL;
-- Mutes of somebody who has no link end.
ALTER TABLE mutes ADD COLUMN expires_at INTEGER;
CREATE INDEX mutes_by_expiry ON mutes (expires_at) WHERE expires_at IS NOT NULL;
