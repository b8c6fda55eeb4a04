-- name: turns
SELECT DISTINCT source, turn FROM waiting;

-- name: next_subject
SELECT subject, due_at FROM waiting WHERE source = ? AND turn = ? ORDER BY due_at, event LIMIT 1;

-- name: waiting_for
SELECT event, lookups, tries, failing_since FROM waiting WHERE source = ? AND turn = ? AND subject = ? ORDER BY event;

-- name: former_clock
-- The newest clock that an event of the source with one of the same references brought.
SELECT max(max(coalesce(e.clock, 0), coalesce(s.clock, 0)))
FROM (SELECT DISTINCT own.value AS reference FROM waiting w JOIN events we ON we.id = w.event JOIN json_each(we.refs) own
      WHERE w.source = ?1 AND w.turn = ?2 AND w.subject = ?3) told
CROSS JOIN event_references r ON r.reference = told.reference COLLATE NOCASE AND r.reference = told.reference
JOIN events e ON e.id = r.event LEFT JOIN states s ON s.event = e.id
WHERE e.source = ?1;

-- name: mark_asked
UPDATE waiting SET asked = ? WHERE event = ?;

-- name: still_asked
SELECT 1 FROM waiting WHERE event = ? AND asked = ?;

-- name: store_answer
INSERT INTO answers (event, path, body) VALUES (?, ?, ?)
ON CONFLICT (event, path) DO UPDATE SET body = excluded.body;

-- name: translate_again
-- An event that asks in steps keeps the clock of the first.
UPDATE events SET status = 'received', clock = coalesce(clock, ?) WHERE id = ? AND status = 'waiting';

-- name: forget
DELETE FROM waiting WHERE event = ?;

-- name: forget_answers
DELETE FROM answers WHERE event = ?;

-- name: defer
UPDATE waiting SET due_at = max(due_at, ?1) WHERE source = ?2 AND turn = ?3 AND subject = ?4;

-- name: hasten
UPDATE waiting SET due_at = min(due_at, ?) WHERE source = ?;

-- name: say_why
UPDATE events SET reason_code = ?, reason_detail = ? WHERE id = ? AND status = 'waiting';

-- name: postpone
UPDATE waiting SET due_at = ?, tries = tries + 1, failing_since = ? WHERE event = ?;

-- name: bury
UPDATE events SET status = 'dead', is_dead_letter = 1, reason_code = ?, reason_detail = ?, reason_path = ?, ended_at = ?
WHERE id = ? AND status = 'waiting' RETURNING id, source, event_id;
