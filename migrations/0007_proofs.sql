-- What shows that a link is its owner's: a MAC of both, so that nobody without the key can give a link to another. Links of before
-- have none that is right until their boxes are bound to their rows, which takes the key and is done while the service runs.
ALTER TABLE links ADD COLUMN proof BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
