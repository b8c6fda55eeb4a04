-- name: accepted
INSERT INTO sources (name, accepted_at) VALUES (?1, ?2)
ON CONFLICT (name) DO UPDATE SET accepted_at = max(accepted_at, ?2);

-- name: inserted_since
SELECT id FROM events WHERE id >= ?;
