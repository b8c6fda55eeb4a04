-- name: session
SELECT cookie, token, begun_at, seen_at FROM sessions WHERE cookie = $1;

-- name: begin
INSERT INTO sessions (cookie, token, begun_at, seen_at) VALUES ($1, $2, $3, $4);

-- name: forget
DELETE FROM sessions WHERE seen_at < $1 OR begun_at < $2;

-- name: touch
UPDATE sessions SET seen_at = greatest(seen_at, $1) WHERE cookie = $2;

-- name: end
DELETE FROM sessions WHERE cookie = $1;
