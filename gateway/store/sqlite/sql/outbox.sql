-- name: due
SELECT o.id, o.external_order_id, :body AS "body [compressed]", o.is_alone, o.failures, o.lone_since, o.unconfirmed, o.trial,
       o.pending_since, e.received_at, e.source, e.event_id, o.state, o.digest
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event
WHERE o.tenant = ? AND o.status = 'pending' AND o.due_at <= ?
  AND o.id NOT IN (SELECT order_row FROM leased)
ORDER BY o.due_at, o.pending_since, o.id LIMIT ?;

-- name: next_due
SELECT min(due_at) FROM orders WHERE tenant = ? AND status = 'pending' AND due_at > ?
  AND id NOT IN (SELECT order_row FROM leased);

-- name: probe
SELECT o.id, o.external_order_id, :body AS "body [compressed]", o.is_alone, o.failures, o.lone_since, o.unconfirmed, o.trial,
       o.pending_since, e.received_at, e.source, e.event_id, o.state, o.digest
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event
WHERE o.tenant = ? AND o.status = 'pending' AND o.rests_until <= ? AND o.trial <> 'refused'
  AND o.id NOT IN (SELECT order_row FROM leased)
ORDER BY o.due_at, o.pending_since, o.id LIMIT 1;

-- name: probe_refused
SELECT o.id, o.external_order_id, :body AS "body [compressed]", o.is_alone, o.failures, o.lone_since, o.unconfirmed, o.trial,
       o.pending_since, e.received_at, e.source, e.event_id, o.state, o.digest
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event
WHERE o.tenant = ? AND o.status = 'pending' AND o.rests_until <= ? AND o.trial = 'refused'
  AND o.id NOT IN (SELECT order_row FROM leased)
ORDER BY o.due_at, o.pending_since, o.id LIMIT 1;

-- name: reschedule
UPDATE orders SET due_at = ?2, rests_until = min(rests_until, ?2)
WHERE tenant = ?1 AND status = 'pending' AND due_at > ?3;

-- name: deliver
-- What is as it was leased, no superseded state of it identical, and need not go once more.
UPDATE orders SET status = 'delivered', pending_since = NULL, ended_at = new.column3, delivered_at = new.column3,
                  attempted = 2, delivered_digest = digest, must_send = 0, order_id = new.column4,
                  is_created = new.column5, is_alone = 0, failures = 0, lone_since = NULL, unconfirmed = 0, trial = 'none'
FROM (VALUES :rows) AS new
WHERE orders.id = new.column1 AND orders.state = new.column2 AND orders.status = 'pending' AND orders.has_twin = 0
  AND orders.must_send <> 2
RETURNING orders.id;

-- name: deliver_states
UPDATE states SET status = 'delivered' WHERE id IN (SELECT value FROM json_each(?));

-- name: end_delivered
-- The events of these states, where nothing else of theirs is open or dead.
UPDATE events SET status = 'delivered', ended_at = ?2
WHERE id IN (SELECT event FROM states WHERE id IN (SELECT value FROM json_each(?1))) AND status = 'translated'
  AND NOT EXISTS (SELECT 1 FROM states s WHERE s.event = events.id AND s.run = events.run
                  AND s.status IN ('pending', 'dead'));

-- name: release
UPDATE orders SET trial = ?, is_alone = 1, due_at = max(?, rests_until)
WHERE tenant = ? AND trial = 'refused' AND status = 'pending';

-- name: pending_at_most
SELECT count(*) FROM (SELECT 1 FROM orders WHERE tenant = ? AND status = 'pending'
                      AND id NOT IN (SELECT order_row FROM leased) LIMIT ?);
