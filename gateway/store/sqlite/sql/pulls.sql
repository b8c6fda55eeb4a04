-- name: unserved
SELECT o.id, o.external_order_id, :body AS "body [compressed]", o.is_alone, o.failures, o.lone_since, o.unconfirmed, o.trial,
       o.pending_since, e.received_at, e.source, e.event_id, o.state, o.digest
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event
WHERE o.tenant = ? AND o.status = 'pending' AND o.due_at <= ?
  AND o.id NOT IN (SELECT order_row FROM leased)
ORDER BY o.due_at, o.pending_since, o.id LIMIT ?;

-- name: in_order_of_change
-- A pull knows no schedule: what a broken one, or a crash, put back takes its old place again;
-- a new order waits for its edits first.
UPDATE orders SET due_at = changed_at WHERE tenant = ?1 AND status = 'pending' AND (due_at > ?2 OR due_at = 0) AND rests_until <= ?2;

-- name: served
SELECT changed_at, id FROM orders INDEXED BY orders_served
WHERE tenant = ? AND status = 'delivered' AND order_id IS NULL AND delivered_at >= ? AND (changed_at, id) > (?, ?)
ORDER BY changed_at, id LIMIT ?;

-- name: bodies
-- What changed meanwhile is another pull's, and what was erased nobody's.
SELECT :body AS "body [compressed]" FROM json_each(?) asked JOIN orders o ON o.id = asked.value JOIN states s ON s.id = o.state
WHERE o.status = 'delivered' AND :body <> x'' ORDER BY asked.key;
