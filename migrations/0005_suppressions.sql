-- Addresses and numbers that are never written to again. Nothing but the MAC is kept: it can be compared and no more.
CREATE TABLE suppressions (
    mac BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
