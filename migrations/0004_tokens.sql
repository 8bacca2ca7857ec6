-- What lets clients ask over HTTP in a target's name: a hash of the token, a MAC of the target, and a sealed box with it.
-- Rows lie in the order they came: the oldest go first.
CREATE TABLE tokens (
    token_hash BLOB NOT NULL UNIQUE,
    owner_mac  BLOB NOT NULL,
    box        BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tokens_of_owner ON tokens (owner_mac);
CREATE INDEX tokens_by_expiry ON tokens (expires_at);
