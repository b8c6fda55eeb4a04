-- name: make
INSERT INTO operations (kind, of, is_forced, reason, by, started_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id;

-- name: add_events
INSERT INTO operation_items (operation, place, kind, row, mark)
SELECT ?1, ?2 + asked.key, 'event', e.id, e.run || ':' || e.status
FROM json_each(?3) asked JOIN events e ON e.id = asked.value;

-- name: add_orders
INSERT INTO operation_items (operation, place, kind, row, mark)
SELECT ?1, ?2 + asked.key, 'order', o.id, o.state || ':' || o.status
FROM json_each(?3) asked JOIN orders o ON o.id = asked.value;

-- name: begin
UPDATE operations SET status = 'running', total = (SELECT count(*) FROM operation_items WHERE operation = ?1) WHERE id = ?1;

-- name: operation
SELECT id, kind, of, status, total, done, failed, skipped, effects, by, started_at, ended_at, reason, is_forced
FROM operations WHERE id = ? AND status IS NOT NULL;

-- name: operations
SELECT id, kind, of, status, total, done, failed, skipped, effects, by, started_at, ended_at, reason, is_forced
FROM operations WHERE status IS NOT NULL AND id < ? ORDER BY id DESC LIMIT ?;

-- name: running
SELECT id, kind, of, status, total, done, failed, skipped, effects, by, started_at, ended_at, reason, is_forced
FROM operations INDEXED BY operations_running WHERE status = 'running' ORDER BY id;

-- name: turn
UPDATE operations SET status = ?2, ended_at = ?3 WHERE id = ?1;

-- name: next_items
SELECT i.place, i.kind, i.row,
       i.mark IS iif(i.kind = 'event', (SELECT e.run || ':' || e.status FROM events e WHERE e.id = i.row),
                     (SELECT o.state || ':' || o.status FROM orders o WHERE o.id = i.row))
FROM operation_items i JOIN operations p ON p.id = i.operation
WHERE i.operation = ?1 AND i.place > p.reached AND p.status = 'running' ORDER BY i.place LIMIT ?2;

-- name: reach
UPDATE operations SET reached = ?2, done = done + ?3, failed = failed + ?4, skipped = skipped + ?5 WHERE id = ?1;

-- name: end
-- Nothing is left of it.
UPDATE operations SET status = 'done', ended_at = ?2
WHERE id = ?1 AND status = 'running'
  AND NOT EXISTS (SELECT 1 FROM operation_items WHERE operation = ?1 AND place > operations.reached);

-- name: items_of
SELECT kind, row FROM operation_items WHERE operation = ? ORDER BY place;

-- name: previewed
UPDATE operations SET done = ?2, effects = coalesce(?3, effects), status = ?4, ended_at = ?5
WHERE id = ?1 AND status = 'running';

-- name: became
SELECT e.status, count(*) FROM operation_items i JOIN events e ON e.id = i.row
WHERE i.operation = ? AND i.kind = 'event' GROUP BY e.status;

-- name: orders_twice
-- An order of which two of these events tell.
SELECT s.external_order_id FROM json_each(?) asked JOIN events e ON e.id = asked.value
JOIN states s ON s.event = e.id AND s.run = e.run
GROUP BY s.tenant, s.external_order_id HAVING count(DISTINCT s.event) > 1 LIMIT 1;
