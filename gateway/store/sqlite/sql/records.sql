-- name: event
SELECT e.id, e.source, e.event_id, e.topic, e.status, e.reason_code, e.reason_detail, e.reason_path, e.received_at,
       e.occurred_at, e.duplicates, e.conflicts, e.refs, e.kind, e.run, e.adapter_version, e.traceback, e.clock,
       b.body AS "body [compressed]", b.context
FROM events e LEFT JOIN bodies b ON b.id = e.id WHERE e.id = ?;

-- name: states_of_events
SELECT s.event, s.tenant, s.external_order_id, s.owner, s.clock, s.tie, s.arrival, nullif(:body, x'') AS "body [compressed]", s.status,
       iif(o.status = 'pending' AND o.id IN (SELECT order_row FROM leased), 'leased', o.status), s.reason_code, s.reason_detail, s.reason_path
FROM states s JOIN events e ON e.id = s.event AND e.run = s.run
LEFT JOIN orders o ON o.tenant = s.tenant AND o.external_order_id = s.external_order_id
WHERE s.event IN (SELECT value FROM json_each(?)) ORDER BY s.event, s.id;

-- name: other_bodies
SELECT kind, received_at, body FROM other_bodies WHERE event = ? ORDER BY rowid;

-- name: order
SELECT o.id, o.tenant, o.external_order_id, o.owner,
       iif(o.status = 'pending' AND o.id IN (SELECT order_row FROM leased), 'leased', o.status), o.reason_code, o.reason_detail, o.reason_path,
       o.order_id, o.is_created, nullif(:body, x'') AS "body [compressed]", o.changed_at, o.delivered_at,
       iif(o.status = 'pending' AND o.id NOT IN (SELECT order_row FROM leased), nullif(o.due_at, 0), NULL), s.findings
FROM orders o LEFT JOIN states s ON s.id = o.state WHERE o.tenant = ? AND o.external_order_id = ?;

-- name: events_of_orders
-- The last ?2 of each order (-1: all), oldest first.
SELECT o.id, e.id, e.source, e.event_id, e.topic, e.status, e.reason_code, e.reason_detail, e.reason_path,
       e.received_at, e.occurred_at, e.duplicates, e.conflicts, e.refs, e.kind
FROM json_each(?1) page JOIN orders o ON o.id = page.value
JOIN events e ON e.id IN (:of_order(event, o.tenant, o.external_order_id) ORDER BY event DESC LIMIT ?2)
ORDER BY e.id;

-- name: attempts_of_orders
-- The last ?2 of each order (-1: all), oldest first.
SELECT page.value, a.id, a.at, a.kind, a.http_status, a.outcome, a.detail, a.batch_size, a.milliseconds,
       a.times, coalesce(a.last_at, a.at)
FROM json_each(?1) page
JOIN attempts a ON a.id IN (SELECT attempt FROM attempt_orders WHERE order_row = page.value
                            ORDER BY attempt DESC LIMIT ?2)
ORDER BY a.id;

-- name: pending_orders
SELECT tenant, count(*), min(pending_since) FROM orders WHERE status = 'pending' GROUP BY tenant;

-- name: dead_orders
SELECT tenant, count(*) FROM orders INDEXED BY orders_dead WHERE status = 'dead' GROUP BY tenant;

-- name: dead_events
-- By the tenant of the order only where it may be another than its source's: each such letter is looked at.
SELECT source, NULL, count(*) FROM events
WHERE is_dead_letter = 1 AND source NOT IN (SELECT value FROM json_each(?1)) GROUP BY source
UNION ALL
SELECT source, tenant, count(*) FROM (
    SELECT e.source AS source,
        (SELECT s.tenant FROM states s WHERE s.event = e.id AND s.run = e.run AND s.reason_code IS NOT NULL) AS tenant
    FROM events e WHERE e.is_dead_letter = 1 AND e.source IN (SELECT value FROM json_each(?1)) LIMIT -1
) GROUP BY source, tenant;

-- name: last_accepted
SELECT name, accepted_at FROM sources;

-- name: waiting
SELECT source, count(*) FROM waiting GROUP BY source;

-- name: count_events
-- One statement, so that all is of one moment: what is open or dead in the index of its status, the rest as tallied.
SELECT source, 'received', count(*) FROM events INDEXED BY events_received WHERE status = 'received' GROUP BY source
UNION ALL
SELECT source, 'waiting', count(*) FROM events INDEXED BY events_open WHERE status = 'waiting' GROUP BY source
UNION ALL
SELECT source, 'translated', count(*) FROM events INDEXED BY events_open WHERE status = 'translated' GROUP BY source
UNION ALL
SELECT source, 'dead', count(*) FROM events INDEXED BY events_dead WHERE status = 'dead' GROUP BY source
UNION ALL
SELECT name, status, count FROM tallies WHERE kind = 'event' AND count > 0;

-- name: count_orders
SELECT tenant, 'pending', count(*) FROM orders INDEXED BY orders_due WHERE status = 'pending'
  AND id NOT IN (SELECT order_row FROM leased) GROUP BY tenant
UNION ALL
SELECT tenant, 'leased', count(*) FROM leased GROUP BY tenant
UNION ALL
SELECT tenant, 'dead', count(*) FROM orders INDEXED BY orders_dead WHERE status = 'dead' GROUP BY tenant
UNION ALL
SELECT name, status, count FROM tallies WHERE kind = 'order' AND count > 0;

-- name: events
SELECT e.id, e.source, e.event_id, e.topic, e.status, e.reason_code, e.reason_detail, e.reason_path, e.received_at,
       e.occurred_at, e.duplicates, e.conflicts, e.refs, e.kind
FROM events e WHERE :where ORDER BY e.id DESC LIMIT ?;

-- name: orders
SELECT o.id, o.tenant, o.external_order_id, o.owner,
       iif(o.status = 'pending' AND o.id IN (SELECT order_row FROM leased), 'leased', o.status), o.reason_code, o.reason_detail, o.reason_path,
       o.order_id, o.is_created, nullif(:body, x'') AS "body [compressed]", o.changed_at, o.delivered_at,
       iif(o.status = 'pending' AND o.id NOT IN (SELECT order_row FROM leased), nullif(o.due_at, 0), NULL), s.findings
FROM orders o LEFT JOIN states s ON s.id = o.state WHERE :where ORDER BY o.changed_at DESC, o.id DESC LIMIT ?;

-- name: dead_letters
-- Both in their own order, merged: as many are read as are wanted.
SELECT *
FROM (
    SELECT 'event' AS kind, e.id AS id, e.source AS source, e.event_id AS event_id,
        (SELECT s.tenant FROM states s WHERE s.event = e.id AND s.run = e.run AND s.reason_code IS NOT NULL) AS tenant,
        (SELECT s.external_order_id FROM states s WHERE s.event = e.id AND s.run = e.run AND s.reason_code IS NOT NULL)
        AS external_order_id,
        e.reason_code AS code, e.reason_detail AS detail, e.reason_path AS path,
        e.ended_at AS at
    FROM events e INDEXED BY events_dead_newest WHERE e.is_dead_letter = 1
    UNION ALL
    SELECT 'order' AS kind, o.id AS id, e.source AS source, e.event_id AS event_id, o.tenant AS tenant,
        o.external_order_id AS external_order_id, o.reason_code AS code, o.reason_detail AS detail,
        o.reason_path AS path, o.ended_at AS at
    FROM orders o INDEXED BY orders_dead_newest
    JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event WHERE o.status = 'dead'
) WHERE :where
ORDER BY at DESC, kind DESC, id DESC LIMIT ?;

-- name: recovered
SELECT source, topic, hour, count FROM recovered WHERE source = ? AND hour >= ? ORDER BY hour DESC, topic;

-- name: standbys
-- A file has none.
SELECT 1 WHERE 0;
