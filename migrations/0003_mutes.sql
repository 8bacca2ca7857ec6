-- Whose contact requests somebody does not want to get: MACs of who that is and of the pair of both, or of everybody,
-- and a sealed box with both JIDs.
CREATE TABLE mutes (
    owner_mac BLOB NOT NULL,
    muted_mac BLOB NOT NULL,
    box       BLOB NOT NULL,
    PRIMARY KEY (owner_mac, muted_mac)
) STRICT, WITHOUT ROWID;
