-- Who serves the store: a row a life, with a number that rises. `beats` counts its signs of life; `wanted` stands for
-- the duties that it shares in.
CREATE TABLE replicas (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    process TEXT NOT NULL,
    config_digest TEXT NOT NULL,
    adapters_digest TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    wanted TEXT NOT NULL DEFAULT '',
    beats INTEGER NOT NULL DEFAULT 0,
    is_lost INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Who has which duty, alone; `number` rises with each holder.
CREATE TABLE duties (
    name TEXT PRIMARY KEY,
    replica INTEGER NOT NULL,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
