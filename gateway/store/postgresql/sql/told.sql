-- name: told
SELECT whom, event, subject, began_at FROM told;

-- name: begin
INSERT INTO told (whom, event, subject, began_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (whom, event, subject) DO UPDATE SET began_at = excluded.began_at;

-- name: end
DELETE FROM told WHERE whom = $1 AND event = $2 AND subject = $3;
