-- Every key is a MAC, everything that must be read again is in a sealed box: see "Privacy at rest" in docs/data.md.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows lie in the order they came, so that pages fill up; the two indexes find them.
CREATE TABLE links (
    id_mac      BLOB NOT NULL UNIQUE,
    owner_mac   BLOB NOT NULL,
    box         BLOB NOT NULL,
    verified_on INTEGER NOT NULL
) STRICT;
CREATE INDEX links_of_owner ON links (owner_mac);

CREATE TABLE pending (
    id_mac         BLOB NOT NULL,
    owner_mac      BLOB NOT NULL,
    code_mac       BLOB NOT NULL,
    native_guesses INTEGER NOT NULL,
    http_guesses   INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    box            BLOB NOT NULL,
    PRIMARY KEY (id_mac, owner_mac)
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_of_owner ON pending (owner_mac);
CREATE INDEX pending_by_expiry ON pending (expires_at);

-- AUTOINCREMENT: an id must not be used again while a worker still holds the row that had it.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    queue      INTEGER NOT NULL,
    about_mac  BLOB,
    due_at     INTEGER NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL,
    box        BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_by_due ON outbox (queue, due_at);
CREATE INDEX outbox_about ON outbox (about_mac) WHERE about_mac IS NOT NULL;
CREATE INDEX outbox_by_expiry ON outbox (expires_at);

CREATE TABLE quota (
    key       BLOB PRIMARY KEY,
    resets_at INTEGER NOT NULL,
    used      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX quota_by_reset ON quota (resets_at);
