-- Lookups of one subject find each other at once, however many events wait.
CREATE INDEX waiting_subject ON waiting (source, turn, subject, due_at);

-- Which request, by its clock, an event waits for; an event that is put back and waits again waits for another.
ALTER TABLE waiting ADD COLUMN asked INTEGER;

-- Up to which moment a vendor's changes are known.
CREATE TABLE reconciliations (
    source TEXT NOT NULL,
    turn TEXT NOT NULL,
    reached INTEGER NOT NULL,
    PRIMARY KEY (source, turn)
) STRICT, WITHOUT ROWID;

-- What a reconciled event holds, its run left out, so that the same is not fed again while it is dead.
ALTER TABLE events ADD COLUMN record_digest BLOB;
