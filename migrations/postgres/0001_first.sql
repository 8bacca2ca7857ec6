-- As the tables of SQLite are after their migrations. Numbers are all bigint, because the service reads them as such.
CREATE TABLE meta (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);

-- "number" is the order in which links were made.
CREATE TABLE links (
    number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id_mac       bytea NOT NULL,
    alias_of_mac bytea,
    owner_mac    bytea NOT NULL,
    proof        bytea NOT NULL,
    box          bytea NOT NULL,
    verified_on  bigint NOT NULL,
    key_number   bigint NOT NULL
);
-- The proof stands in the index, so that the most frequent look-up reads no table.
CREATE UNIQUE INDEX links_by_id ON links (id_mac) INCLUDE (proof);
CREATE INDEX links_by_owner ON links (owner_mac);

CREATE TABLE pending (
    id_mac         bytea NOT NULL,
    owner_mac      bytea NOT NULL,
    code_mac       bytea NOT NULL,
    native_guesses bigint NOT NULL,
    http_guesses   bigint NOT NULL,
    expires_at     bigint NOT NULL,
    box            bytea NOT NULL,
    key_number     bigint NOT NULL,
    PRIMARY KEY (id_mac, owner_mac)
);
CREATE INDEX pending_by_owner ON pending (owner_mac);
CREATE INDEX pending_by_expiry ON pending (expires_at);

-- "holder" is the number of the instance that has claimed a message; 0 if none has.
CREATE TABLE outbox (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue         bigint NOT NULL,
    about_mac     bytea,
    payer_mac     bytea,
    due_at        bigint NOT NULL,
    tries         bigint NOT NULL DEFAULT 0,
    returned      bigint NOT NULL DEFAULT 0,
    is_taken      boolean NOT NULL DEFAULT false,
    expires_at    bigint NOT NULL,
    box           bytea NOT NULL,
    key_number    bigint NOT NULL,
    holder        bigint NOT NULL DEFAULT 0,
    lease_ends_at bigint NOT NULL DEFAULT 0
);
CREATE INDEX outbox_by_due ON outbox (queue, due_at);
CREATE INDEX outbox_by_number ON outbox (queue, id);
CREATE INDEX outbox_by_lease ON outbox (lease_ends_at) WHERE holder <> 0;
CREATE INDEX outbox_by_subject ON outbox (about_mac) WHERE about_mac IS NOT NULL;
CREATE INDEX outbox_by_expiry ON outbox (expires_at);
CREATE INDEX outbox_by_payer ON outbox (payer_mac) WHERE payer_mac IS NOT NULL;

-- Space for the next version of a row on the same page: counters change often.
CREATE TABLE quota (
    key       bytea PRIMARY KEY,
    resets_at bigint NOT NULL,
    used      bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX quota_by_reset ON quota (resets_at);

CREATE TABLE subscribers (
    owner_mac  bytea PRIMARY KEY,
    server_mac bytea,
    addresses  bigint NOT NULL,
    asked      bigint NOT NULL,
    box        bytea NOT NULL,
    seen_at    bigint NOT NULL,
    key_number bigint NOT NULL
);
CREATE INDEX subscribers_by_server ON subscribers (server_mac, seen_at) WHERE server_mac IS NOT NULL;
CREATE INDEX subscribers_by_day ON subscribers (seen_at);

CREATE TABLE mutes (
    owner_mac  bytea NOT NULL,
    muted_mac  bytea NOT NULL,
    box        bytea NOT NULL,
    expires_at bigint,
    key_number bigint NOT NULL,
    PRIMARY KEY (owner_mac, muted_mac)
);
CREATE INDEX mutes_by_expiry ON mutes (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE tokens (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    owner_mac  bytea NOT NULL,
    box        bytea NOT NULL,
    expires_at bigint NOT NULL,
    key_number bigint NOT NULL
);
CREATE INDEX tokens_by_owner ON tokens (owner_mac);
CREATE INDEX tokens_by_expiry ON tokens (expires_at);

CREATE TABLE suppressions (
    mac        bytea PRIMARY KEY,
    key_number bigint NOT NULL
);

-- The instances of the service that use the database. Each holds an advisory lock on its number as long as it lives.
-- "next_key" tells the next key that an instance has, while the key is to be changed.
CREATE TABLE instances (
    number   bigint PRIMARY KEY,
    name     text NOT NULL,
    version  text NOT NULL,
    next_key bytea
);
CREATE SEQUENCE instance_numbers AS integer CYCLE;
