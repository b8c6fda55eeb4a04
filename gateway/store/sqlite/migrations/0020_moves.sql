-- That a store is copied to another place, or was: which copy, how far it has come, where it went.
CREATE TABLE moves (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
