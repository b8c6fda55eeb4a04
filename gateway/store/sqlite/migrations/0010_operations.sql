-- Replays, discards and previews of many: what was chosen when it was made, and how far it has come.
CREATE TABLE operations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    of TEXT NOT NULL,
    status TEXT,                        -- NULL while its items are written: it is not there yet
    is_forced INTEGER NOT NULL,
    reason TEXT,
    by TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    total INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    reached INTEGER NOT NULL DEFAULT 0, -- the place of the last item that was looked at
    effects TEXT
) STRICT;
CREATE INDEX operations_running ON operations (id) WHERE status = 'running';

CREATE TABLE operation_items (
    operation INTEGER NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,                 -- event or order
    row INTEGER NOT NULL,
    mark TEXT NOT NULL,                 -- how it was when it was chosen; what has changed since is skipped
    PRIMARY KEY (operation, place)
) STRICT, WITHOUT ROWID;
