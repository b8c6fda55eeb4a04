-- name: turns
SELECT DISTINCT source, turn FROM waiting;

-- name: next_subject
SELECT subject, due_at FROM waiting WHERE source = $1 AND turn = $2 ORDER BY due_at, event LIMIT 1;

-- name: waiting_for
SELECT event, lookups, tries, failing_since FROM waiting WHERE source = $1 AND turn = $2 AND subject = $3 ORDER BY event;

-- name: former_clock
-- The newest clock that an event of the source with one of the same references brought.
SELECT max(greatest(coalesce(e.clock, 0), coalesce(s.clock, 0)))
FROM (SELECT DISTINCT own.reference FROM waiting w JOIN event_references own ON own.event = w.event
      WHERE w.source = $1 AND w.turn = $2 AND w.subject = $3) told
JOIN event_references r ON lower(r.reference) = lower(told.reference) AND r.reference = told.reference
JOIN events e ON e.id = r.event LEFT JOIN states s ON s.event = e.id
WHERE e.source = $1;

-- name: mark_asked
UPDATE waiting SET asked = $1 WHERE event = $2;

-- name: still_asked
SELECT 1 FROM waiting WHERE event = $1 AND asked = $2;

-- name: store_answer
INSERT INTO answers (event, path, body) VALUES ($1, $2, $3)
ON CONFLICT (event, path) DO UPDATE SET body = excluded.body;

-- name: translate_again
-- An event that asks in steps keeps the clock of the first.
UPDATE events SET status = 'received', clock = coalesce(clock, $1) WHERE id = $2 AND status = 'waiting';

-- name: forget
DELETE FROM waiting WHERE event = $1;

-- name: forget_answers
DELETE FROM answers WHERE event = $1;

-- name: defer
UPDATE waiting SET due_at = greatest(due_at, $1) WHERE source = $2 AND turn = $3 AND subject = $4;

-- name: hasten
UPDATE waiting SET due_at = least(due_at, $1) WHERE source = $2;

-- name: say_why
UPDATE events SET reason_code = $1, reason_detail = $2 WHERE id = $3 AND status = 'waiting';

-- name: postpone
UPDATE waiting SET due_at = $1, tries = tries + 1, failing_since = $2 WHERE event = $3;

-- name: bury
UPDATE events SET status = 'dead', is_dead_letter = 1, reason_code = $1, reason_detail = $2, reason_path = $3, ended_at = $4
WHERE id = $5 AND status = 'waiting' RETURNING id, source, event_id;
