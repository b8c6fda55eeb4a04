-- name: session
SELECT cookie, token, begun_at, seen_at FROM sessions WHERE cookie = ?;

-- name: begin
INSERT INTO sessions (cookie, token, begun_at, seen_at) VALUES (?, ?, ?, ?);

-- name: forget
DELETE FROM sessions WHERE seen_at < ? OR begun_at < ?;

-- name: touch
UPDATE sessions SET seen_at = max(seen_at, ?) WHERE cookie = ?;

-- name: end
DELETE FROM sessions WHERE cookie = ?;
