-- From which addresses of the service a subscriber was asked for presence in return, as in "addresses": each asks once.
ALTER TABLE subscribers ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;
