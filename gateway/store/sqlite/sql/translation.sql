-- name: untranslated
-- Each source's first, then each source's second: nobody waits for another's backlog, and orphans are not walked over.
SELECT w.id, iif(substr(b.body, 1, 1) = x'01', CAST(substr(b.body, 2, 7) AS INTEGER), length(b.body))
FROM (SELECT e.value AS id
      FROM json_each(?1) s CROSS JOIN json_each((
          SELECT json_group_array(id)
          FROM (SELECT id FROM events INDEXED BY events_received
                WHERE status = 'received' AND source = s.value AND id NOT IN (SELECT value FROM json_each(?2))
                  AND (?4 IS NULL OR id % 32 IN (SELECT value FROM json_each(?4)))
                ORDER BY id LIMIT ?3))) e
      ORDER BY e.key, e.value LIMIT ?3) w
CROSS JOIN bodies b ON b.id = w.id;

-- name: untranslated_whole
SELECT e.id, e.source, e.event_id, e.topic, e.received_at, b.body AS "body [compressed]", b.context, e.clock, e.replay
FROM json_each(?) AS wanted CROSS JOIN events e ON e.id = wanted.value JOIN bodies b ON b.id = e.id
WHERE e.status = 'received';

-- name: answers
SELECT path, body FROM answers WHERE event = ?;

-- name: received
SELECT e.id, e.run, e.replay, e.refs, e.received_at FROM (VALUES :rows) AS asked
JOIN events e ON e.id = asked.column1 WHERE e.status = 'received';

-- name: insert_states
INSERT INTO states (id, event, run, tenant, external_order_id, owner, clock, tie, arrival, body,
                    status, reason_code, reason_detail, reason_path, findings)
SELECT * FROM (VALUES :rows) WHERE column1 IS NOT NULL;

-- name: insert_first_states
-- Of an event's first translation, pending, without a doubt.
INSERT INTO states (id, event, run, tenant, external_order_id, owner, clock, tie, arrival, status, begins_order)
SELECT column1, column2, 1, column3, column4, column5, column6, column7, column2, 'pending', nullif(column8, 0)
FROM (VALUES :rows) WHERE column1 IS NOT NULL;

-- name: insert_state_bodies
INSERT INTO state_bodies (id, body) SELECT column1, column2 FROM (VALUES :rows) WHERE column1 IS NOT NULL AND column2 IS NOT NULL;

-- name: insert_references
INSERT OR IGNORE INTO event_references (reference, event) SELECT * FROM (VALUES :rows) WHERE column1 IS NOT NULL;

-- name: forget_references
DELETE FROM event_references
WHERE reference COLLATE NOCASE IN (SELECT value FROM json_each(?2))
  AND reference IN (SELECT value FROM json_each(?2)) AND event = ?1;

-- name: finish_events
UPDATE events SET status = new.column2, reason_code = new.column3, reason_detail = new.column4,
                  reason_path = new.column5, is_dead_letter = new.column6, adapter_version = new.column7,
                  topic = coalesce(new.column8, topic), occurred_at = coalesce(new.column9, occurred_at),
                  refs = coalesce(new.column10, refs), traceback = new.column11, run = new.column12,
                  replay = iif(new.column13, replay, 0), ended_at = new.column14
FROM (VALUES :rows) AS new WHERE events.id = new.column1;

-- name: finish_clean
-- Translated for the first time and nothing to be said of it: what else there is stands as it was stored.
UPDATE events SET status = new.column2, adapter_version = new.column3, occurred_at = new.column4, refs = new.column5,
                  ended_at = new.column6, run = 1
FROM (VALUES :rows) AS new WHERE events.id = new.column1;

-- name: known_as
SELECT external_order_id FROM order_records WHERE source = ? AND record = ?;

-- name: know_as
INSERT INTO order_records (source, record, tenant, external_order_id) VALUES (?, ?, ?, ?)
ON CONFLICT (source, record) DO UPDATE SET tenant = excluded.tenant, external_order_id = excluded.external_order_id;

-- name: insert_waiting
INSERT OR REPLACE INTO waiting (event, source, turn, subject, lookups, stored_at, due_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6,
        -- A subject that is being postponed stays so.
        max(?7, coalesce((SELECT max(due_at) FROM waiting WHERE source = ?2 AND turn = ?3 AND subject = ?4), 0)));
