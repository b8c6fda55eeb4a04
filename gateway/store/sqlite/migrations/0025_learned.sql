-- What is learned of a source: its rhythm, its habits, since when it is listened to.
CREATE TABLE learned (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,                -- when it was last written
    body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX learned_key ON learned (source, kind);

-- What reconciliation found that no webhook had told, by the hour in which it was found.
CREATE TABLE recovered (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    topic TEXT NOT NULL,                -- created, changed or cancelled
    hour INTEGER NOT NULL,              -- the moment at which it began
    count INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX recovered_key ON recovered (source, hour, topic);
