-- name: due
SELECT o.id, o.external_order_id, s.body, o.is_alone, o.failures, o.lone_since, o.unconfirmed, o.trial,
       o.pending_since, e.received_at, e.source, e.event_id
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event
WHERE o.tenant = ? AND o.status = 'pending' AND o.due_at <= ?
ORDER BY o.due_at, o.pending_since, o.id LIMIT ?;

-- name: next_due
SELECT min(due_at) FROM orders WHERE tenant = ? AND status = 'pending';

-- name: probe
SELECT o.id, o.external_order_id, s.body, o.is_alone, o.failures, o.lone_since, o.unconfirmed, o.trial,
       o.pending_since, e.received_at, e.source, e.event_id
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event
WHERE o.tenant = ? AND o.status = 'pending' AND o.rests_until <= ? AND o.trial <> 'refused'
ORDER BY o.due_at, o.pending_since, o.id LIMIT 1;

-- name: probe_refused
SELECT o.id, o.external_order_id, s.body, o.is_alone, o.failures, o.lone_since, o.unconfirmed, o.trial,
       o.pending_since, e.received_at, e.source, e.event_id
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event
WHERE o.tenant = ? AND o.status = 'pending' AND o.rests_until <= ? AND o.trial = 'refused'
ORDER BY o.due_at, o.pending_since, o.id LIMIT 1;

-- name: reschedule
UPDATE orders SET due_at = ?2, rests_until = min(rests_until, ?2)
WHERE tenant = ?1 AND status = 'pending' AND due_at > ?3;

-- name: lease
UPDATE orders SET status = 'leased', lease = ?, leased_until = ?, leased_state = state, leased_digest = digest
WHERE id IN (SELECT value FROM json_each(?));

-- name: extend
UPDATE orders SET leased_until = ? WHERE lease = ? AND id IN (SELECT value FROM json_each(?));

-- name: insert_attempt
INSERT INTO attempts (tenant, at, kind, http_status, outcome, detail, batch_size, milliseconds)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- name: insert_attempt_orders
INSERT INTO attempt_orders (order_row, attempt) SELECT * FROM (VALUES :rows) WHERE column1 IS NOT NULL;

-- name: release
UPDATE orders SET trial = ?, is_alone = 1, due_at = max(?, rests_until)
WHERE tenant = ? AND trial = 'refused' AND status IN ('pending', 'leased');

-- name: expired
SELECT id FROM orders WHERE status = 'leased' AND leased_until <= ?;

-- name: leased
SELECT id FROM orders WHERE status = 'leased';

-- name: pending_at_most
SELECT count(*) FROM (SELECT 1 FROM orders WHERE tenant = ? AND status = 'pending' LIMIT ?);
