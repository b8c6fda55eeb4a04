-- Who did what when, written in the transaction of its effect.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,                   -- the token's name, or what else did it
    act TEXT NOT NULL,
    what TEXT NOT NULL,
    count INTEGER,                      -- to how many, where it can be many
    reason TEXT                         -- in the person's words
) STRICT;
