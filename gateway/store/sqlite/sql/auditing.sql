-- name: note
INSERT INTO audit (at, by, act, what, count, reason) VALUES (?, ?, ?, ?, ?, ?);

-- name: count_more
UPDATE audit SET count = coalesce(count, 0) + ? WHERE id = ?;

-- name: forget_reasons
UPDATE audit SET reason = NULL WHERE what = ?;
