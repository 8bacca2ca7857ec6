-- Which address of the service somebody has in a contact list: 1 for the domain, 2 for the account, 3 for both. Those of before
-- have the domain.
ALTER TABLE subscribers ADD COLUMN addresses INTEGER NOT NULL DEFAULT 1;
