-- name: note
INSERT INTO audit (at, by, act, what, count, reason) VALUES (?, ?, ?, ?, ?, ?) RETURNING id;

-- name: count_more
UPDATE audit SET count = coalesce(count, 0) + ? WHERE id = ?;

-- name: forget_reasons
UPDATE audit SET reason = NULL WHERE what = ?;

-- name: acts
SELECT id, at, by, act, what, count, reason FROM audit WHERE :where ORDER BY id DESC LIMIT ?;
