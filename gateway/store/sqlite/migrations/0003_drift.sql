-- What vendors' payloads held: members, their types, their codes. Bounded for each source.
CREATE TABLE drift (
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    value TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    example TEXT NOT NULL,
    event_id TEXT NOT NULL,
    is_first INTEGER NOT NULL,
    PRIMARY KEY (source, kind, path, value)
) STRICT, WITHOUT ROWID;
