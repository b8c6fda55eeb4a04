-- name: due
SELECT o.id, o.external_order_id, s.body, o.is_alone, o.failures, o.lone_since, o.unconfirmed, o.trial,
       o.pending_since, e.received_at, e.source, e.event_id
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event
WHERE o.tenant = $1 AND o.status = 'pending' AND o.due_at <= $2
ORDER BY o.due_at, o.pending_since, o.id LIMIT $3;

-- name: next_due
SELECT min(due_at) FROM orders WHERE tenant = $1 AND status = 'pending';

-- name: probe
SELECT o.id, o.external_order_id, s.body, o.is_alone, o.failures, o.lone_since, o.unconfirmed, o.trial,
       o.pending_since, e.received_at, e.source, e.event_id
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event
WHERE o.tenant = $1 AND o.status = 'pending' AND o.rests_until <= $2 AND o.trial <> 'refused'
ORDER BY o.due_at, o.pending_since, o.id LIMIT 1;

-- name: probe_refused
SELECT o.id, o.external_order_id, s.body, o.is_alone, o.failures, o.lone_since, o.unconfirmed, o.trial,
       o.pending_since, e.received_at, e.source, e.event_id
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event
WHERE o.tenant = $1 AND o.status = 'pending' AND o.rests_until <= $2 AND o.trial = 'refused'
ORDER BY o.due_at, o.pending_since, o.id LIMIT 1;

-- name: reschedule
UPDATE orders SET due_at = $2, rests_until = least(rests_until, $2)
WHERE tenant = $1 AND status = 'pending' AND due_at > $3;

-- name: lease
UPDATE orders SET status = 'leased', lease = $1, leased_until = $2, leased_state = state, leased_digest = digest
WHERE id = ANY($3::bigint[]);

-- name: extend
UPDATE orders SET leased_until = $1 WHERE lease = $2 AND id = ANY($3::bigint[]);

-- name: insert_attempt
INSERT INTO attempts (tenant, at, kind, http_status, outcome, detail, batch_size, milliseconds)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id;

-- name: insert_attempt_orders
INSERT INTO attempt_orders (order_row, attempt) SELECT * FROM (VALUES :rows bigint, bigint);

-- name: release
UPDATE orders SET trial = $1, is_alone = 1, due_at = greatest($2, rests_until)
WHERE tenant = $3 AND trial = 'refused' AND status IN ('pending', 'leased');

-- name: expired
SELECT id FROM orders WHERE status = 'leased' AND leased_until <= $1;

-- name: leased
SELECT id FROM orders WHERE status = 'leased';

-- name: pending_at_most
SELECT count(*) FROM (SELECT 1 FROM orders WHERE tenant = $1 AND status = 'pending' LIMIT $2) AS counted;
