-- name: note
INSERT INTO audit (at, by, act, what, count, reason) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id;

-- name: count_more
UPDATE audit SET count = coalesce(count, 0) + $1 WHERE id = $2;

-- name: forget_reasons
UPDATE audit SET reason = NULL WHERE what = $1;

-- name: acts
SELECT id, at, by, act, what, count, reason FROM audit WHERE :where ORDER BY id DESC LIMIT :1;
