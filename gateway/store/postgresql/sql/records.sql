-- name: event
SELECT e.id, e.source, e.event_id, e.topic, e.status, e.reason_code, e.reason_detail, e.reason_path, e.received_at,
       e.occurred_at, e.duplicates, e.conflicts, e.refs, e.kind, e.run, e.adapter_version, e.traceback, e.clock,
       b.body, b.context
FROM events e LEFT JOIN bodies b ON b.id = e.id AND e.body_digest IS NULL WHERE e.id = $1;

-- name: states_of_events
SELECT s.event, s.tenant, s.external_order_id, s.owner, s.clock, s.tie, s.arrival, nullif(s.body, ''::bytea), s.status,
       CASE WHEN o.status = 'pending' AND o.id IN (SELECT order_row FROM leased) THEN 'leased' ELSE o.status END, s.reason_code, s.reason_detail, s.reason_path
FROM states s JOIN events e ON e.id = s.event AND e.run = s.run
LEFT JOIN orders o ON o.tenant = s.tenant AND o.external_order_id = s.external_order_id
WHERE s.event = ANY($1::bigint[]) ORDER BY s.event, s.id;

-- name: other_bodies
SELECT kind, received_at, body FROM other_bodies WHERE event = $1 ORDER BY id;

-- name: order
SELECT o.id, o.tenant, o.external_order_id, o.owner,
       CASE WHEN o.status = 'pending' AND o.id IN (SELECT order_row FROM leased) THEN 'leased' ELSE o.status END, o.reason_code, o.reason_detail, o.reason_path,
       o.order_id, o.is_created, nullif(s.body, ''::bytea), o.changed_at, o.delivered_at,
       CASE WHEN o.status = 'pending' AND o.id NOT IN (SELECT order_row FROM leased) THEN nullif(o.due_at, 0) END, s.findings
FROM orders o LEFT JOIN states s ON s.id = o.state WHERE o.tenant = $1 AND o.external_order_id = $2;

-- name: events_of_orders
-- The last $2 of each order (-1: all), oldest first.
SELECT o.id, e.id, e.source, e.event_id, e.topic, e.status, e.reason_code, e.reason_detail, e.reason_path,
       e.received_at, e.occurred_at, e.duplicates, e.conflicts, e.refs, e.kind
FROM unnest($1::bigint[]) AS page (value) JOIN orders o ON o.id = page.value
JOIN events e ON e.id IN (SELECT DISTINCT event FROM states
                          WHERE tenant = o.tenant AND external_order_id = o.external_order_id
                          ORDER BY event DESC LIMIT nullif($2::bigint, -1))
ORDER BY e.id;

-- name: attempts_of_orders
-- The last $2 of each order (-1: all), oldest first.
SELECT page.value, a.id, a.at, a.kind, a.http_status, a.outcome, a.detail, a.batch_size, a.milliseconds,
       a.times, coalesce(a.last_at, a.at)
FROM unnest($1::bigint[]) AS page (value)
JOIN attempts a ON a.id IN (SELECT attempt FROM attempt_orders WHERE order_row = page.value
                            ORDER BY attempt DESC LIMIT nullif($2::bigint, -1))
ORDER BY a.id;

-- name: pending_orders
-- Each tenant by itself, from where its queue begins; what is sent for longer stands before that.
WITH RECURSIVE named AS (
    (SELECT tenant FROM orders ORDER BY tenant LIMIT 1)
    UNION ALL
    SELECT (SELECT o.tenant FROM orders o WHERE o.tenant > named.tenant ORDER BY o.tenant LIMIT 1)
    FROM named WHERE named.tenant IS NOT NULL)
SELECT named.tenant, queue.pending, queue.oldest FROM named
LEFT JOIN unnest($1::text[], $2::bigint[]) AS f (tenant, place) ON f.tenant = named.tenant
CROSS JOIN LATERAL (
    SELECT count(*) AS pending, min(o.pending_since) AS oldest FROM orders o
    WHERE o.tenant = named.tenant AND o.status = 'pending' AND o.due_at >= CASE WHEN f.place IS NULL THEN -1 ELSE
        least(f.place, (SELECT min(sent.due_at) FROM leased l JOIN orders sent ON sent.id = l.order_row
                        WHERE l.tenant = named.tenant AND sent.status || '' = 'pending')) END
) AS queue WHERE queue.pending > 0;

-- name: dead_orders
SELECT tenant, count(*) FROM orders WHERE status = 'dead' GROUP BY tenant;

-- name: dead_events
-- By the tenant of the order only where it may be another than its source's: each such letter is looked at.
SELECT source, NULL, count(*) FROM events WHERE is_dead_letter = 1 AND source <> ALL ($1::text[]) GROUP BY source
UNION ALL
SELECT source, tenant, count(*) FROM letters_of_events WHERE source = ANY ($1::text[]) GROUP BY source, tenant;

-- name: last_accepted
SELECT name, accepted_at FROM sources;

-- name: waiting
SELECT source, count(*) FROM waiting GROUP BY source;

-- name: count_events
-- One statement, so that all is of one moment: what is open or dead in the index of its status, the rest as tallied.
SELECT source, 'received', count(*) FROM events WHERE status = 'received' GROUP BY source
UNION ALL
SELECT source, 'waiting', count(*) FROM events WHERE status = 'waiting' GROUP BY source
UNION ALL
SELECT source, 'translated', count(*) FROM events WHERE status = 'translated' GROUP BY source
UNION ALL
SELECT source, 'dead', count(*) FROM events WHERE status = 'dead' GROUP BY source
UNION ALL
SELECT name, status, count FROM tallies WHERE kind = 'event' AND count > 0;

-- name: count_orders
WITH RECURSIVE named AS (
    (SELECT tenant FROM orders ORDER BY tenant LIMIT 1)
    UNION ALL
    SELECT (SELECT o.tenant FROM orders o WHERE o.tenant > named.tenant ORDER BY o.tenant LIMIT 1)
    FROM named WHERE named.tenant IS NOT NULL)
SELECT named.tenant, 'pending', queue.pending FROM named
LEFT JOIN unnest($1::text[], $2::bigint[]) AS f (tenant, place) ON f.tenant = named.tenant
CROSS JOIN LATERAL (
    SELECT count(*) AS pending FROM orders o
    WHERE o.tenant = named.tenant AND o.status = 'pending' AND o.due_at >= coalesce(f.place, -1)
      AND o.id NOT IN (SELECT order_row FROM leased)
) AS queue WHERE queue.pending > 0
UNION ALL
SELECT tenant, 'leased', count(*) FROM leased GROUP BY tenant
UNION ALL
SELECT tenant, 'dead', count(*) FROM orders WHERE status = 'dead' GROUP BY tenant
UNION ALL
SELECT name, status, count FROM tallies WHERE kind = 'order' AND count > 0;

-- name: events
SELECT e.id, e.source, e.event_id, e.topic, e.status, e.reason_code, e.reason_detail, e.reason_path, e.received_at,
       e.occurred_at, e.duplicates, e.conflicts, e.refs, e.kind
FROM events e WHERE :where ORDER BY e.id DESC LIMIT :1;

-- name: orders
SELECT o.id, o.tenant, o.external_order_id, o.owner,
       CASE WHEN o.status = 'pending' AND o.id IN (SELECT order_row FROM leased) THEN 'leased' ELSE o.status END, o.reason_code, o.reason_detail, o.reason_path,
       o.order_id, o.is_created, nullif(s.body, ''::bytea), o.changed_at, o.delivered_at,
       CASE WHEN o.status = 'pending' AND o.id NOT IN (SELECT order_row FROM leased) THEN nullif(o.due_at, 0) END, s.findings
FROM orders o LEFT JOIN states s ON s.id = o.state WHERE :where ORDER BY o.changed_at DESC, o.id DESC LIMIT :1;

-- name: dead_letters
-- Of each kind as many as are asked for, by its index: over both at once all would be read and sorted.
SELECT kind, id, source, event_id, tenant, external_order_id, code, detail, path, at FROM (
    (SELECT * FROM letters_of_events WHERE :where ORDER BY at DESC, id DESC LIMIT :1)
    UNION ALL
    (SELECT * FROM letters_of_orders WHERE :where ORDER BY at DESC, id DESC LIMIT :1)) AS both_kinds
ORDER BY at DESC, kind DESC, id DESC LIMIT :1;

-- name: recovered
SELECT source, topic, hour, count FROM recovered WHERE source = $1 AND hour >= $2 ORDER BY hour DESC, topic;

-- name: standbys
-- What is on no standby's disk, a failover loses. To whoever is no member of pg_monitor nothing of a standby is told.
SELECT known.state, count(s.pid),
       min(pg_wal_lsn_diff(CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END, s.flush_lsn))::bigint,
       min(extract(epoch FROM CASE WHEN s.pid IS NOT NULL THEN coalesce(s.flush_lag, '0') END) * 1000000)::bigint
FROM unnest(ARRAY['sync', 'quorum', 'potential', 'async']) AS known (state)
    LEFT JOIN pg_stat_replication s ON s.sync_state = known.state
WHERE NOT EXISTS (SELECT 1 FROM pg_stat_replication WHERE sync_state IS NULL)
GROUP BY known.state;
