-- name: present
SELECT :body AS "body [compressed]", e.source FROM states s LEFT JOIN events e ON e.id = s.event WHERE s.id = ?;

-- name: insert_event
INSERT INTO events (id, source, event_id, topic, received_at, status, kind) VALUES (?, ?, ?, 'amend', ?, 'received', 'person');

-- name: held_states
SELECT s.id, s.tenant, s.external_order_id, s.owner, s.clock, s.tie, s.arrival, :body AS "body [compressed]", e.received_at
FROM states s JOIN events e ON e.id = s.event AND e.run = s.run
WHERE s.event = ? AND s.status = 'dead' AND s.reason_code = 'held' AND e.is_dead_letter = 1 ORDER BY s.id;

-- name: any_set_aside
SELECT 1 FROM states WHERE reason_code IS NOT NULL LIMIT 1;

-- name: set_aside_of_orders
SELECT s.tenant, s.external_order_id, s.reason_code, s.id, s.owner, s.clock, s.tie, s.arrival, o.owner, o.clock, o.tie, o.arrival
FROM (VALUES :rows) AS asked
-- By the index of what has a reason, which is small.
CROSS JOIN states s INDEXED BY states_set_aside
    ON s.tenant = asked.column1 AND s.external_order_id = asked.column2 COLLATE NOCASE AND s.external_order_id = asked.column2
JOIN events e ON e.id = s.event AND e.run = s.run
LEFT JOIN orders o ON o.tenant = s.tenant AND o.external_order_id = s.external_order_id
WHERE s.status = 'dead' AND s.reason_code IS NOT NULL AND e.is_dead_letter = 1;

-- name: heard_first
-- Of an order whose first states were held it was heard when they came; where it rests for its edits, it does so from then.
UPDATE orders SET received_at = received_at - heard.late, due_at = due_at - heard.late * heard.rests,
                  pending_since = pending_since - heard.late * heard.rests, rests_until = rests_until - heard.late * heard.rests
FROM (SELECT o.id, o.received_at - min(e.received_at) AS late, o.attempted = 0 AND o.rests_until > ?3 AS rests
      FROM orders o JOIN states s ON s.id IN (:of_order(id, ?1, ?2)) JOIN events e ON e.id = s.event
      WHERE o.tenant = ?1 AND o.external_order_id = ?2 AND s.owner = o.owner AND s.status <> 'shadowed' GROUP BY o.id) AS heard
WHERE orders.id = heard.id AND heard.late > 0;

-- name: go_on
-- As translated as it was before it was set aside, unless something else of it is dead.
UPDATE events SET (is_dead_letter, status, reason_code, reason_detail, reason_path, ended_at) = (
    SELECT count(s.id) > 0, iif(count(s.id) > 0, 'dead', 'translated'), s.reason_code, s.reason_detail, s.reason_path,
           iif(count(s.id) > 0, events.ended_at, NULL)
    FROM states s WHERE s.event = events.id AND s.run = events.run AND s.status = 'dead'
        AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.state = s.id AND o.tenant = s.tenant
                        AND o.external_order_id = s.external_order_id))
WHERE id = ?;
