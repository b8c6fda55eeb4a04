-- name: replay
UPDATE events SET status = 'received', replay = max(replay, ?), clock = NULL, reason_code = NULL, reason_detail = NULL,
                  reason_path = NULL, is_dead_letter = 0, ended_at = NULL, traceback = NULL
WHERE id = ? AND kind = 'hook' AND EXISTS (SELECT 1 FROM bodies b WHERE b.id = events.id);

-- name: events_of_letters
SELECT value FROM json_each(?1) UNION
SELECT s.event FROM json_each(?2) asked JOIN orders o ON o.id = asked.value JOIN states s ON s.id = o.state;

-- name: have_bodies
SELECT e.id, b.id IS NOT NULL AND e.kind = 'hook' FROM json_each(?) asked JOIN events e ON e.id = asked.value
LEFT JOIN bodies b ON b.id = e.id ORDER BY e.id;

-- name: dead_letters
SELECT kind, id FROM (
    SELECT 'event' AS kind, id, ended_at FROM events
    WHERE is_dead_letter = 1 AND id IN (SELECT value FROM json_each(?1))
    UNION ALL
    SELECT 'order', id, ended_at FROM orders WHERE status = 'dead' AND id IN (SELECT value FROM json_each(?2))
) ORDER BY ended_at, kind, id;

-- name: discard_event
UPDATE events SET is_dead_letter = 0, reason_code = ?, reason_detail = ?, reason_path = NULL
WHERE id = ? AND is_dead_letter = 1;

-- name: discard_dead_states
-- Not those that are dead as their order's state: they are dead letters of their own.
UPDATE states SET status = 'discarded'
WHERE event = ?1 AND status = 'dead'
  AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.tenant = states.tenant
                  AND o.external_order_id = states.external_order_id AND o.state = states.id);

-- name: states_of_event
SELECT s.status FROM states s JOIN events e ON e.id = s.event AND e.run = s.run WHERE s.event = ?;

-- name: end_event
UPDATE events SET status = ?, ended_at = ? WHERE id = ?;

-- name: fitting
SELECT e.id FROM events e WHERE :where ORDER BY e.id;

-- name: fitting_letters
SELECT kind, id
FROM (
    SELECT 'event' AS kind, e.id AS id, e.source AS source, e.event_id AS event_id,
        (SELECT s.tenant FROM states s WHERE s.event = e.id AND s.run = e.run AND s.reason_code IS NOT NULL) AS tenant,
        (SELECT s.external_order_id FROM states s WHERE s.event = e.id AND s.run = e.run AND s.reason_code IS NOT NULL)
        AS external_order_id,
        e.reason_code AS code, e.reason_detail AS detail, e.reason_path AS path,
        e.ended_at AS at
    FROM events e WHERE e.is_dead_letter = 1
    UNION ALL
    SELECT 'order' AS kind, o.id AS id, e.source AS source, e.event_id AS event_id, o.tenant AS tenant,
        o.external_order_id AS external_order_id, o.reason_code AS code, o.reason_detail AS detail,
        o.reason_path AS path, o.ended_at AS at
    FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event WHERE o.status = 'dead'
) WHERE :where
ORDER BY at, kind, id;
