-- name: present
SELECT s.body, e.source FROM states s LEFT JOIN events e ON e.id = s.event WHERE s.id = $1;

-- name: insert_event
INSERT INTO events (id, source, event_id, topic, received_at, status, kind)
VALUES ($1, $2, $3, 'amend', $4, 'received', 'person');

-- name: held_states
SELECT s.id, s.tenant, s.external_order_id, s.owner, s.clock, s.tie, s.arrival, s.body, e.received_at
FROM states s JOIN events e ON e.id = s.event AND e.run = s.run
WHERE s.event = $1 AND s.status = 'dead' AND s.reason_code = 'held' AND e.is_dead_letter = 1 ORDER BY s.id;

-- name: any_set_aside
SELECT 1 FROM states WHERE reason_code IS NOT NULL LIMIT 1;

-- name: set_aside_of_orders
-- OFFSET and LIMIT keep the planner from reading all states and orders for these.
SELECT s.tenant, s.external_order_id, s.reason_code, s.id, s.owner, s.clock, s.tie, s.arrival, o.owner, o.clock, o.tie, o.arrival
FROM (VALUES :rows text, text) AS asked CROSS JOIN LATERAL (
    -- By the index of what has a reason, which is small.
    SELECT * FROM states WHERE tenant = asked.column1 AND external_order_id = asked.column2
        AND lower(external_order_id) = lower(asked.column2) AND reason_code IS NOT NULL AND status = 'dead' OFFSET 0
) AS s
JOIN events e ON e.id = s.event AND e.run = s.run
LEFT JOIN LATERAL (
    SELECT * FROM orders WHERE tenant = asked.column1 AND external_order_id = asked.column2 LIMIT 1
) AS o ON true
WHERE e.is_dead_letter = 1;

-- name: heard_first
-- Of an order whose first states were held it was heard when they came; where it rests for its edits, it does so from then.
UPDATE orders SET received_at = received_at - heard.late, due_at = due_at - heard.late * heard.rests,
                  pending_since = pending_since - heard.late * heard.rests, rests_until = rests_until - heard.late * heard.rests
FROM (SELECT o.id, o.received_at - min(e.received_at) AS late, (o.attempted = 0 AND o.rests_until > $3)::int AS rests
      FROM orders o JOIN states s ON s.tenant = o.tenant AND s.external_order_id = o.external_order_id
      JOIN events e ON e.id = s.event
      WHERE o.tenant = $1 AND o.external_order_id = $2 AND s.owner = o.owner AND s.status <> 'shadowed' GROUP BY o.id) AS heard
WHERE orders.id = heard.id AND heard.late > 0;

-- name: go_on
-- As translated as it was before it was set aside, unless something else of it is dead.
UPDATE events SET
    is_dead_letter = (dead.id IS NOT NULL)::int,
    status = CASE WHEN dead.id IS NULL THEN 'translated' ELSE 'dead' END,
    reason_code = dead.reason_code, reason_detail = dead.reason_detail, reason_path = dead.reason_path,
    ended_at = CASE WHEN dead.id IS NOT NULL THEN events.ended_at END
FROM (SELECT 1) AS once LEFT JOIN LATERAL (
    SELECT s.id, s.reason_code, s.reason_detail, s.reason_path
    FROM states s JOIN events e ON e.id = s.event AND e.run = s.run
    WHERE s.event = $1 AND s.status = 'dead'
        AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.state = s.id AND o.tenant = s.tenant
                        AND o.external_order_id = s.external_order_id)
    ORDER BY s.id LIMIT 1) AS dead ON true
WHERE events.id = $1;
