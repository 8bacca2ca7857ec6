-- Who has the service in a contact list (RFC 6121, 3): a MAC of the JID, and a sealed box with it.
CREATE TABLE subscribers (
    owner_mac BLOB PRIMARY KEY,
    box       BLOB NOT NULL
) STRICT, WITHOUT ROWID;
