-- name: all
SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'bodies'::regclass;

-- name: first_event
SELECT received_at FROM events WHERE id >= $1 ORDER BY id LIMIT 1;

-- name: last_event
SELECT received_at FROM events WHERE id < $1 ORDER BY id DESC LIMIT 1;

-- name: last_id
SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'id')::regclass), 0);

-- name: begin_ids
SELECT setval(pg_get_serial_sequence('events', 'id'), $1, false);

-- name: window
SELECT max(id) FROM (SELECT id FROM bodies WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3) AS looked_at;

-- name: staying
-- Bodies of events that did not end long enough ago.
SELECT b.id FROM bodies b JOIN events e ON e.id = b.id
WHERE b.id BETWEEN $1 AND $2 AND e.body_digest IS NULL
  AND (e.ended_at IS NULL OR e.ended_at >= CASE WHEN e.status = 'dead' THEN $4::bigint ELSE $3::bigint END);

-- name: due
SELECT e.id, b.body FROM events e JOIN bodies b ON b.id = e.id
WHERE e.id = ANY($1::bigint[]) AND b.id BETWEEN $4 AND $5 AND e.ended_at IS NOT NULL AND e.body_digest IS NULL
  AND e.ended_at < CASE WHEN e.status = 'dead' THEN $3::bigint ELSE $2::bigint END;

-- name: unmark
-- What was opened again by a program that knows nothing of marks.
UPDATE events SET body_digest = NULL
WHERE body_digest IS NOT NULL AND id IN (
    SELECT id FROM events WHERE status IN ('waiting', 'translated') AND id >= $1 AND id < $2
    UNION ALL SELECT id FROM events WHERE status = 'received' AND id >= $1 AND id < $2);

-- name: keep
-- Those named, and those that were opened again since they were looked at.
WITH staying (id) AS (
    SELECT unnest($1::bigint[])
    UNION SELECT id FROM events WHERE status IN ('dead', 'waiting', 'translated') AND id >= $2 AND id < $3
    UNION SELECT id FROM events WHERE status = 'received' AND id >= $2 AND id < $3
    UNION SELECT event FROM other_bodies WHERE event >= $2 AND event < $3)
INSERT INTO bodies_kept (id, body, context) SELECT b.id, b.body, b.context FROM staying JOIN bodies_going b ON b.id = staying.id
JOIN events e ON e.id = b.id AND e.body_digest IS NULL;
