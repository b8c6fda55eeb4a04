-- name: story
-- Events that told of the order; not another owner's, that were set aside because theirs has the same name.
SELECT DISTINCT event FROM states
WHERE tenant = $1 AND external_order_id = $2 AND reason_code IS DISTINCT FROM 'order_collision' ORDER BY event;

-- name: kin
-- Events of the same sources that became no order's (ignored, dead, waiting), all of whose references are the story's.
WITH named AS (
    SELECT DISTINCT e.source, r.reference
    FROM events e JOIN event_references r ON r.event = e.id WHERE e.id = ANY($1::bigint[])
)
SELECT DISTINCT e.id
FROM named n JOIN event_references r ON lower(r.reference) = lower(n.reference) AND r.reference = n.reference
JOIN events e ON e.id = r.event AND e.source = n.source
WHERE NOT EXISTS (SELECT 1 FROM states s WHERE s.event = e.id)
  AND NOT EXISTS (SELECT 1 FROM event_references own WHERE own.event = e.id
                  AND NOT EXISTS (SELECT 1 FROM named m WHERE m.source = e.source AND m.reference = own.reference));

-- name: end_open
UPDATE events SET status = 'discarded', reason_code = $1, reason_detail = $2, reason_path = NULL, ended_at = $3
WHERE id = $4 AND status IN ('received', 'waiting');

-- name: empty_event
UPDATE events SET refs = NULL, traceback = NULL, reason_path = NULL,
                  reason_detail = CASE WHEN reason_code IS NULL THEN NULL ELSE $1::text END
WHERE id = $2;

-- name: empty_states
-- An empty body is an erased one: none at all is a cancellation.
UPDATE states SET body = CASE WHEN body IS NULL THEN NULL ELSE ''::bytea END, reason_path = NULL,
                  reason_detail = CASE WHEN reason_code IS NULL THEN NULL ELSE $1::text END
WHERE tenant = $2 AND external_order_id = $3 AND reason_code IS DISTINCT FROM 'order_collision';

-- name: empty_order
UPDATE orders SET has_twin = 0, reason_path = NULL, reason_detail = CASE WHEN reason_code IS NULL THEN NULL ELSE $1::text END WHERE id = $2;

-- name: empty_attempts
UPDATE attempts SET detail = NULL WHERE id IN (SELECT attempt FROM attempt_orders WHERE order_row = $1);

-- name: record
INSERT INTO erasures (tenant, external_order_id, erased_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: recorded
SELECT tenant, external_order_id, erased_at FROM erasures;

-- name: bodies
SELECT id, body FROM bodies WHERE id = ANY($1::bigint[]);

-- name: keep_digests
UPDATE events SET body_digest = new.column2 FROM (VALUES :rows bigint, bytea) AS new WHERE events.id = new.column1;

-- name: delete_bodies
DELETE FROM bodies WHERE id = ANY($1::bigint[]);

-- name: delete_other_bodies
DELETE FROM other_bodies WHERE event = ANY($1::bigint[]);

-- name: delete_answers
DELETE FROM answers WHERE event = ANY($1::bigint[]);

-- name: references
SELECT refs, id FROM events WHERE refs IS NOT NULL AND id = ANY($1::bigint[]);

-- name: delete_references
DELETE FROM event_references
WHERE event = $2 AND $1::text IS NOT NULL;

-- name: empty_listed
UPDATE listed SET reason_detail = $1 WHERE tenant = $2 AND external_order_id = $3 AND reason_detail IS NOT NULL;

-- name: delete_listed
-- What the vendor's list had of it and is no order's.
DELETE FROM listed
WHERE external_order_id = '' AND source = (SELECT source FROM events WHERE id = $2)
  AND subject IN (SELECT reference FROM event_references WHERE event = $2) AND $1::text IS NOT NULL;
