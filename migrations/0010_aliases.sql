-- Other forms of what is linked, each a row of its own: this is the id_mac of the link that it belongs to. Of a link, it is NULL.
ALTER TABLE links ADD COLUMN alias_of_mac BLOB;
