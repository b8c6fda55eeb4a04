-- name: order_by_key
SELECT :order FROM orders o WHERE tenant = ? AND external_order_id = ?;

-- name: order_by_id
SELECT :order FROM orders o WHERE id = ?;

-- name: orders_by_key
SELECT :order FROM (VALUES :rows) AS asked
JOIN orders o ON o.tenant = asked.column1 AND o.external_order_id = asked.column2;

-- name: orders_by_id
SELECT :order FROM (VALUES :rows) AS asked JOIN orders o ON o.id = asked.column1;

-- name: change_states
UPDATE states SET status = new.column2, reason_code = new.column3, reason_detail = new.column4,
                  reason_path = new.column5
FROM (VALUES :rows) AS new WHERE states.id = new.column1 RETURNING states.event;

-- name: change_twins
-- What gave way to a state that is identical is where that state is.
UPDATE states SET status = ?1
WHERE id IN (SELECT s.id FROM (SELECT s.tenant, s.external_order_id, decompressed(:body) AS body FROM states s WHERE s.id = ?2) twin
             JOIN states s ON s.id IN (:of_order(id, twin.tenant, twin.external_order_id))
             WHERE s.status = 'superseded' AND decompressed(:body) = twin.body)
RETURNING event;

-- name: statuses_of_events
SELECT e.id, e.status, s.status FROM (VALUES :rows) AS asked JOIN events e ON e.id = asked.column1
JOIN states s ON s.event = e.id AND s.run = e.run;

-- name: set_event_statuses
UPDATE events SET status = new.column2, ended_at = new.column3
FROM (VALUES :rows) AS new WHERE events.id = new.column1;

-- name: draw
INSERT INTO counters (name, value) VALUES (?1, max(?2, 1))
ON CONFLICT (name) DO UPDATE SET value = max(value + 1, ?2)
RETURNING value;

-- name: trust
INSERT INTO counters (name, value) VALUES ('trusted', ?)
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
RETURNING value;
