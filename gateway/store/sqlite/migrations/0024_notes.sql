-- What a replica lets the others know of itself: a text a kind, gone with its life.
CREATE TABLE notes (
    replica INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (replica, kind)
) STRICT, WITHOUT ROWID;
