-- name: orders_by_order_id
SELECT o.id FROM orders o WHERE o.order_id IS NOT NULL AND :named:o.order_id:named: ORDER BY o.order_id COLLATE NOCASE LIMIT ?3;

-- name: events_set_aside
-- What died before it was an order's, or beside it.
SELECT DISTINCT s.event FROM states s JOIN events e ON e.id = s.event AND e.run = s.run AND e.is_dead_letter = 1
WHERE s.reason_code IS NOT NULL AND :named:s.external_order_id:named: LIMIT ?3;

-- name: events_by_reference
SELECT DISTINCT r.event FROM event_references r WHERE :named:r.reference:named: LIMIT ?3;

-- name: of_events
-- The orders that came of events, and the events of which none came, or that are dead letters themselves.
SELECT 'order', o.id FROM json_each(?1) asked JOIN states s ON s.event = asked.value
JOIN orders o ON o.tenant = s.tenant AND o.external_order_id = s.external_order_id
WHERE s.status <> 'dead' OR o.state = s.id
UNION ALL
SELECT 'event', e.id FROM json_each(?1) asked JOIN events e ON e.id = asked.value
WHERE e.is_dead_letter = 1
   OR NOT EXISTS (SELECT 1 FROM states s JOIN orders o ON o.tenant = s.tenant
                  AND o.external_order_id = s.external_order_id WHERE s.event = e.id);

-- name: events_spelt
WITH RECURSIVE names (name) AS (
    SELECT min(source) FROM events UNION ALL
    SELECT (SELECT min(source) FROM events WHERE source > names.name) FROM names WHERE names.name IS NOT NULL)
SELECT e.id FROM names CROSS JOIN events e ON e.source = names.name AND e.event_id IN (SELECT value FROM json_each(?1))
LIMIT ?2;

-- name: events_beginning
WITH RECURSIVE names (name) AS (
    SELECT min(source) FROM events UNION ALL
    SELECT (SELECT min(source) FROM events WHERE source > names.name) FROM names WHERE names.name IS NOT NULL)
SELECT e.id FROM names CROSS JOIN events e ON e.source = names.name AND e.event_id > ?1 AND e.event_id < ?2
LIMIT ?3;

-- name: events_in_mixed_case
SELECT e.id FROM events e INDEXED BY events_mixed_case
WHERE e.run > 0 AND e.event_id GLOB '*[a-z]*' AND e.event_id GLOB '*[A-Z]*' AND :named:e.event_id:named:
LIMIT ?3;

-- name: orders_spelt
WITH RECURSIVE names (name) AS (
    SELECT min(tenant) FROM orders UNION ALL
    SELECT (SELECT min(tenant) FROM orders WHERE tenant > names.name) FROM names WHERE names.name IS NOT NULL)
SELECT o.id FROM names CROSS JOIN orders o ON o.tenant = names.name AND o.external_order_id IN (SELECT value FROM json_each(?1))
LIMIT ?2;

-- name: orders_beginning
WITH RECURSIVE names (name) AS (
    SELECT min(tenant) FROM orders UNION ALL
    SELECT (SELECT min(tenant) FROM orders WHERE tenant > names.name) FROM names WHERE names.name IS NOT NULL)
SELECT o.id FROM names CROSS JOIN orders o ON o.tenant = names.name AND o.external_order_id > ?1 AND o.external_order_id < ?2
LIMIT ?3;

-- name: orders_in_mixed_case
SELECT o.id FROM orders o INDEXED BY orders_mixed_case
WHERE o.external_order_id GLOB '*[a-z]*' AND o.external_order_id GLOB '*[A-Z]*' AND :named:o.external_order_id:named:
LIMIT ?3;

-- name: event_by_id
SELECT id FROM events WHERE id = ?;

-- name: order_by_id
SELECT id FROM orders WHERE id = ?;

-- name: orders
SELECT o.id, o.tenant, e.source, o.external_order_id, o.order_id, e.event_id,
       iif(o.status = 'pending' AND o.id IN (SELECT order_row FROM leased), 'leased', o.status), o.status = 'dead', o.changed_at,
       o.reason_code, o.reason_detail, o.reason_path
FROM json_each(?) asked JOIN orders o ON o.id = asked.value
LEFT JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event;

-- name: events
SELECT e.id, s.tenant, e.source, s.external_order_id, NULL, e.event_id, e.status, e.is_dead_letter, e.received_at,
       coalesce(e.reason_code, s.reason_code), coalesce(e.reason_detail, s.reason_detail),
       coalesce(e.reason_path, s.reason_path)
FROM json_each(?) asked JOIN events e ON e.id = asked.value
-- Of several orders the one that went wrong.
LEFT JOIN states s ON s.id = (SELECT f.id FROM states f WHERE f.event = e.id AND f.run = e.run
                              ORDER BY f.reason_code IS NULL, f.id LIMIT 1);

-- name: siblings
-- What came beside an order of its last ten events, once each; what never became an order too.
SELECT value, tenant, external_order_id, status FROM (
    SELECT value, m.tenant, m.external_order_id, CASE WHEN m.status = 'dead' OR p.id IS NULL THEN m.status
           WHEN p.status = 'pending' AND p.id IN (SELECT order_row FROM leased) THEN 'leased' ELSE p.status END AS status,
           row_number() OVER (PARTITION BY value ORDER BY m.id) AS place
    FROM json_each(?1) asked JOIN orders o ON o.id = asked.value
    JOIN states m ON m.id IN (
        SELECT max(x.id) FROM states x JOIN events e ON e.id = x.event AND e.run = x.run
        WHERE x.event IN (:of_order(event, o.tenant, o.external_order_id) ORDER BY event DESC LIMIT 10)
        GROUP BY x.tenant, x.external_order_id)
      AND (m.tenant, m.external_order_id) <> (o.tenant, o.external_order_id)
    LEFT JOIN orders p ON p.tenant = m.tenant AND p.external_order_id = m.external_order_id) AS beside
WHERE place <= ?2 ORDER BY value, place;
