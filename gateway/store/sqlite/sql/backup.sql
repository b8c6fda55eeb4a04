-- name: make
CREATE TABLE backup (made_at TEXT NOT NULL) STRICT;

-- name: has_audit
SELECT 1 FROM sqlite_schema WHERE name = 'audit';

-- name: note
INSERT INTO audit (at, by, act, what) VALUES (?, ?, ?, ?);

-- name: sign
INSERT INTO backup (made_at) VALUES (?);

-- name: made_at
SELECT made_at FROM backup;

-- name: unsign
DROP TABLE backup;

-- name: count
SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM orders);

-- name: tenants
SELECT name FROM tenants UNION SELECT DISTINCT tenant FROM orders;

-- name: maybe_sent
-- What was sent since is not known: nothing is surely unsent, and nothing surely identical to what was sent last.
UPDATE orders SET attempted = max(attempted, 1), delivered_digest = NULL;

-- name: has_sessions
SELECT 1 FROM sqlite_schema WHERE name = 'sessions';

-- name: forget_sessions
DELETE FROM sessions;
