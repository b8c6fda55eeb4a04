-- name: replay
UPDATE events SET status = 'received', replay = greatest(replay, $1), clock = NULL, reason_code = NULL, reason_detail = NULL,
                  reason_path = NULL, is_dead_letter = 0, ended_at = NULL, traceback = NULL
WHERE id = $2 AND kind = 'hook' AND body_digest IS NULL AND EXISTS (SELECT 1 FROM bodies b WHERE b.id = events.id);

-- name: events_of_letters
SELECT unnest($1::bigint[]) UNION
SELECT s.event FROM unnest($2::bigint[]) AS asked (value) JOIN orders o ON o.id = asked.value JOIN states s ON s.id = o.state;

-- name: have_bodies
SELECT e.id, (b.id IS NOT NULL AND e.kind = 'hook' AND e.body_digest IS NULL)::int FROM unnest($1::bigint[]) AS asked (value) JOIN events e ON e.id = asked.value
LEFT JOIN bodies b ON b.id = e.id AND b.id = ANY($1) ORDER BY e.id;

-- name: dead_letters
SELECT kind, id FROM (
    SELECT 'event' AS kind, id, ended_at FROM events
    WHERE is_dead_letter = 1 AND id = ANY($1::bigint[])
    UNION ALL
    SELECT 'order', id, ended_at FROM orders WHERE status = 'dead' AND id = ANY($2::bigint[])
) AS letters ORDER BY ended_at, kind, id;

-- name: discard_event
UPDATE events SET is_dead_letter = 0, reason_code = $1, reason_detail = $2, reason_path = NULL
WHERE id = $3 AND is_dead_letter = 1;

-- name: discard_dead_states
-- Not those that are dead as their order's state: they are dead letters of their own.
UPDATE states SET status = 'discarded'
WHERE event = $1 AND status = 'dead'
  AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.tenant = states.tenant
                  AND o.external_order_id = states.external_order_id AND o.state = states.id);

-- name: states_of_event
SELECT s.status FROM states s JOIN events e ON e.id = s.event AND e.run = s.run WHERE s.event = $1;

-- name: end_event
UPDATE events SET status = $1, ended_at = $2 WHERE id = $3;

-- name: fitting
SELECT e.id FROM events e WHERE :where ORDER BY e.id;

-- name: fitting_letters
SELECT kind, id
FROM letters WHERE :where
ORDER BY at, kind, id;
