-- name: orders
-- What is due before the first order that was found; where none was, before now.
SELECT coalesce((SELECT due_at FROM orders WHERE id = $1::bigint), $2::bigint);

-- name: events
-- The first event that was found; where none was, the newest.
SELECT coalesce($1::bigint, (SELECT max(id) FROM events), $2::bigint);
