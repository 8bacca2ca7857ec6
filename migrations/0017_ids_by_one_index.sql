-- An id has one row: each change that makes one looks for another in "links_by_id" first, and a database has one writer at a time. An index for that took
-- 27 bytes for each link, and a third of the writes of a change of the key.
DROP INDEX links_once;
