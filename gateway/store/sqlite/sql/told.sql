-- name: told
SELECT whom, event, subject, began_at FROM told;

-- name: begin
INSERT INTO told (whom, event, subject, began_at) VALUES (?, ?, ?, ?)
ON CONFLICT (whom, event, subject) DO UPDATE SET began_at = excluded.began_at;

-- name: end
DELETE FROM told WHERE whom = ? AND event = ? AND subject = ?;
