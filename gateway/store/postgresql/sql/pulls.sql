-- name: unserved
SELECT o.id, o.external_order_id, s.body, o.is_alone, o.failures, o.lone_since, o.unconfirmed, o.trial,
       o.pending_since, e.received_at, e.source, e.event_id, o.state, o.digest
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event
WHERE o.tenant = $1 AND o.status = 'pending' AND o.due_at <= $2
  AND o.id NOT IN (SELECT order_row FROM leased)
ORDER BY o.due_at, o.pending_since, o.id LIMIT $3;

-- name: in_order_of_change
-- A pull knows no schedule: what a broken one, or a crash, put back takes its old place again;
-- a new order waits for its edits first.
UPDATE orders SET due_at = changed_at WHERE tenant = $1 AND status = 'pending' AND (due_at > $2 OR due_at = 0) AND rests_until <= $2;

-- name: served
SELECT changed_at, id FROM orders
WHERE tenant = $1 AND status = 'delivered' AND order_id IS NULL AND delivered_at >= $2 AND (changed_at, id) > ($3, $4)
ORDER BY changed_at, id LIMIT $5;

-- name: bodies
-- What changed meanwhile is another pull's, and what was erased nobody's.
SELECT s.body FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (value, key) JOIN orders o ON o.id = asked.value JOIN states s ON s.id = o.state
WHERE o.status = 'delivered' AND s.body <> ''::bytea ORDER BY asked.key;
