-- name: order_by_key
SELECT :order FROM orders o WHERE tenant = $1 AND external_order_id = $2;

-- name: order_by_id
SELECT :order FROM orders o WHERE id = $1;

-- name: orders_by_key
-- The limit keeps the planner from reading all orders for these.
SELECT :order FROM (VALUES :rows text, text) AS asked CROSS JOIN LATERAL (
    SELECT * FROM orders WHERE tenant = asked.column1 AND external_order_id = asked.column2 LIMIT 1
) AS o;

-- name: orders_by_id
SELECT :order FROM (VALUES :rows bigint) AS asked JOIN orders o ON o.id = asked.column1
WHERE o.id = ANY($1::bigint[]);

-- name: change_states
UPDATE states SET status = new.column2, reason_code = new.column3, reason_detail = new.column4,
                  reason_path = new.column5
FROM (VALUES :rows bigint, text, text, text, text) AS new
WHERE states.id = new.column1 AND states.id = ANY($1::bigint[]) RETURNING states.event;

-- name: change_twins
-- What gave way to a state that is identical is where that state is.
UPDATE states SET status = $1
FROM (SELECT tenant, external_order_id, body FROM states WHERE id = $2) AS twin
WHERE states.tenant = twin.tenant AND states.external_order_id = twin.external_order_id
  AND states.status = 'superseded' AND states.body = twin.body
RETURNING states.event;

-- name: statuses_of_events
SELECT e.id, e.status, s.status FROM (VALUES :rows bigint) AS asked JOIN events e ON e.id = asked.column1
JOIN states s ON s.event = e.id AND s.run = e.run
WHERE e.id = ANY($1::bigint[]) AND s.event = ANY($1::bigint[]);

-- name: set_event_statuses
UPDATE events SET status = new.column2, ended_at = new.column3
FROM (VALUES :rows bigint, text, bigint) AS new WHERE events.id = new.column1 AND events.id = ANY($1::bigint[]);

-- name: draw
INSERT INTO counters (name, value) VALUES ($1, greatest($2::bigint, 1))
ON CONFLICT (name) DO UPDATE SET value = greatest(counters.value + 1, $2)
RETURNING value;

-- name: trust
INSERT INTO counters (name, value) VALUES ('trusted', $1)
ON CONFLICT (name) DO UPDATE SET value = greatest(counters.value, excluded.value)
RETURNING value;
