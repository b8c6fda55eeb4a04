-- name: make
INSERT INTO operations (kind, of, is_forced, reason, by, started_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id;

-- name: add_events
INSERT INTO operation_items (operation, place, kind, row, mark)
SELECT $1::bigint, $2::bigint + asked.key - 1, 'event', e.id, e.run || ':' || e.status
FROM unnest($3::bigint[]) WITH ORDINALITY AS asked (value, key) JOIN events e ON e.id = asked.value;

-- name: add_orders
INSERT INTO operation_items (operation, place, kind, row, mark)
SELECT $1::bigint, $2::bigint + asked.key - 1, 'order', o.id, o.state || ':' || o.status
FROM unnest($3::bigint[]) WITH ORDINALITY AS asked (value, key) JOIN orders o ON o.id = asked.value;

-- name: begin
UPDATE operations SET status = 'running', total = (SELECT count(*) FROM operation_items WHERE operation = $1) WHERE id = $1;

-- name: operation
SELECT id, kind, of, status, total, done, failed, skipped, effects, by, started_at, ended_at, reason, is_forced
FROM operations WHERE id = $1 AND status IS NOT NULL;

-- name: operations
SELECT id, kind, of, status, total, done, failed, skipped, effects, by, started_at, ended_at, reason, is_forced
FROM operations WHERE status IS NOT NULL AND id < $1 ORDER BY id DESC LIMIT $2;

-- name: running
SELECT id, kind, of, status, total, done, failed, skipped, effects, by, started_at, ended_at, reason, is_forced
FROM operations WHERE status = 'running' ORDER BY id;

-- name: turn
UPDATE operations SET status = $2, ended_at = $3 WHERE id = $1;

-- name: next_items
SELECT i.place, i.kind, i.row,
       (i.mark IS NOT DISTINCT FROM CASE i.kind WHEN 'event'
           THEN (SELECT e.run || ':' || e.status FROM events e WHERE e.id = i.row)
           ELSE (SELECT o.state || ':' || o.status FROM orders o WHERE o.id = i.row) END)::int
FROM operation_items i JOIN operations p ON p.id = i.operation
WHERE i.operation = $1 AND i.place > p.reached AND p.status = 'running' ORDER BY i.place LIMIT $2;

-- name: reach
UPDATE operations SET reached = $2, done = done + $3, failed = failed + $4, skipped = skipped + $5 WHERE id = $1;

-- name: end
-- Nothing is left of it.
UPDATE operations SET status = 'done', ended_at = $2
WHERE id = $1 AND status = 'running'
  AND NOT EXISTS (SELECT 1 FROM operation_items WHERE operation = $1 AND place > operations.reached);

-- name: items_of
SELECT kind, row FROM operation_items WHERE operation = $1 ORDER BY place;

-- name: previewed
UPDATE operations SET done = $2, effects = coalesce($3::text, effects), status = $4, ended_at = $5
WHERE id = $1 AND status = 'running';

-- name: became
SELECT e.status, count(*) FROM operation_items i JOIN events e ON e.id = i.row
WHERE i.operation = $1 AND i.kind = 'event' GROUP BY e.status;

-- name: orders_twice
-- An order of which two of these events tell.
SELECT s.external_order_id FROM unnest($1::bigint[]) AS asked (value) JOIN events e ON e.id = asked.value
JOIN states s ON s.event = e.id AND s.run = e.run
GROUP BY s.tenant, s.external_order_id HAVING count(DISTINCT s.event) > 1 LIMIT 1;
