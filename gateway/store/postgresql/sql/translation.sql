-- name: untranslated
-- Each source's first, then each source's second: nobody waits for another's backlog, and orphans are not walked over.
WITH w AS (
    SELECT e.id, e.turn
    FROM unnest($1::text[]) AS s (source) CROSS JOIN LATERAL (
        SELECT o.id, row_number() OVER (ORDER BY o.id) AS turn
        FROM (SELECT id FROM events
              WHERE status = 'received' AND source = s.source AND id <> ALL($2::bigint[])
                AND ($4::bigint[] IS NULL OR id % 32 = ANY($4)) AND id >= $5
              ORDER BY id LIMIT $3) AS o) AS e
    ORDER BY e.turn, e.id LIMIT $3)
SELECT b.id, length(b.body) FROM bodies_of(ARRAY(SELECT id FROM w)) b JOIN w ON w.id = b.id
ORDER BY w.turn, w.id;

-- name: untranslated_whole
SELECT e.id, e.source, e.event_id, e.topic, e.received_at, b.body, b.context, e.clock, e.replay
FROM unnest($1::bigint[]) AS wanted (value) JOIN events e ON e.id = wanted.value
JOIN bodies b ON b.id = e.id AND b.id = ANY($1)
WHERE e.status || '' = 'received' AND e.id = ANY($1);

-- name: answers
SELECT path, body FROM answers WHERE event = $1;

-- name: received
SELECT e.id, e.run, e.replay, e.refs, e.received_at FROM (VALUES :rows bigint) AS asked
JOIN events e ON e.id = asked.column1 WHERE e.status || '' = 'received' AND e.id = ANY($1::bigint[]);

-- name: insert_states
INSERT INTO states (id, event, run, tenant, external_order_id, owner, clock, tie, arrival, body,
                    status, reason_code, reason_detail, reason_path, findings)
SELECT * FROM (VALUES :rows bigint, bigint, bigint, text, text, text, bigint, bigint, bigint, bytea, text, text, text, text,
               text);

-- name: insert_first_states
-- Of an event's first translation, pending, without a doubt. Whether its order's row begins with it is the file's concern.
INSERT INTO states (id, event, run, tenant, external_order_id, owner, clock, tie, arrival, body, status)
SELECT column1, column2, 1, column3, column4, column5, column6, column7, column2, column9, 'pending'
FROM (VALUES :rows bigint, bigint, text, text, text, bigint, bigint, bigint, bytea);

-- name: insert_references
INSERT INTO event_references (reference, event) SELECT * FROM (VALUES :rows text, bigint)
ON CONFLICT DO NOTHING;

-- name: forget_references
DELETE FROM event_references
WHERE event = $1 AND $2::text IS NOT NULL;

-- name: finish_events
UPDATE events SET status = new.column2, reason_code = new.column3, reason_detail = new.column4,
                  reason_path = new.column5, is_dead_letter = new.column6, adapter_version = new.column7,
                  topic = coalesce(new.column8, topic), occurred_at = coalesce(new.column9, occurred_at),
                  refs = coalesce(new.column10, refs), traceback = new.column11, run = new.column12,
                  replay = CASE WHEN new.column13 <> 0 THEN replay ELSE 0 END, ended_at = new.column14
FROM (VALUES :rows bigint, text, text, text, text, bigint, text, text, bigint, text, text, bigint, bigint, bigint) AS new
WHERE events.id = new.column1 AND events.id = ANY($1::bigint[]);

-- name: finish_clean
-- Translated for the first time and nothing to be said of it: what else there is stands as it was stored.
UPDATE events SET status = new.column2, adapter_version = new.column3, occurred_at = new.column4, refs = new.column5,
                  ended_at = new.column6, run = 1
FROM (VALUES :rows bigint, text, text, bigint, text, bigint) AS new
WHERE events.id = new.column1 AND events.id = ANY($1::bigint[]);

-- name: known_as
SELECT external_order_id FROM order_records WHERE source = $1 AND record = $2;

-- name: know_as
INSERT INTO order_records (source, record, tenant, external_order_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (source, record) DO UPDATE SET tenant = excluded.tenant, external_order_id = excluded.external_order_id;

-- name: insert_waiting
INSERT INTO waiting (event, source, turn, subject, lookups, stored_at, due_at)
VALUES ($1, $2, $3, $4, $5, $6,
        -- A subject that is being postponed stays so.
        greatest($7::bigint, coalesce((SELECT max(due_at) FROM waiting WHERE source = $2 AND turn = $3 AND subject = $4), 0)))
ON CONFLICT (event) DO UPDATE SET source = excluded.source, turn = excluded.turn, subject = excluded.subject,
    lookups = excluded.lookups, stored_at = excluded.stored_at, due_at = excluded.due_at, tries = 0,
    failing_since = NULL, asked = NULL;
