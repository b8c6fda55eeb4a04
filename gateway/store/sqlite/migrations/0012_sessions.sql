-- Who is signed in to the console. Digests: of the cookie, and of the token, keyed by the cookie. No backup holds them.
CREATE TABLE sessions (
    cookie BLOB NOT NULL PRIMARY KEY,
    token BLOB NOT NULL,
    begun_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
