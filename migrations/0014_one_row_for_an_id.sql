-- An id has one row, whoever writes. Nothing has ever put a second one there but somebody with the file: the first stays.
--
-- The index is a partial one so that no look-up takes it, which SQLite else does because it is unique: that of "links_by_id" reads one
-- page alone, because the proof stands there as well.
DELETE FROM links WHERE EXISTS (SELECT 1 FROM links AS first WHERE first.id_mac = links.id_mac AND first.rowid < links.rowid);
CREATE UNIQUE INDEX links_once ON links (id_mac) WHERE typeof(id_mac) = 'blob';
