-- Of which server subscribers are (a MAC), to give each a share of the places, and on which day they were last seen: whoever is
-- not seen for long, and has no link, goes. Nobody knows that of those who are there already: they are seen on the day of the
-- update, and their server is noted when they are seen again.
ALTER TABLE subscribers ADD COLUMN server_mac BLOB;
ALTER TABLE subscribers ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
UPDATE subscribers SET seen_at = unixepoch() * 1000;
CREATE INDEX subscribers_by_server ON subscribers (server_mac, seen_at) WHERE server_mac IS NOT NULL;
CREATE INDEX subscribers_by_day ON subscribers (seen_at);
