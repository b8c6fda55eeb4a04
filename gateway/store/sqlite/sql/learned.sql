-- name: learned
SELECT source, kind, at, body FROM learned;

-- name: save
INSERT INTO learned (source, kind, at, body) VALUES (?, ?, ?, ?)
ON CONFLICT (source, kind) DO UPDATE SET at = excluded.at, body = excluded.body;
