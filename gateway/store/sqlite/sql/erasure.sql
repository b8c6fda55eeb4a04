-- name: story
-- Events that told of the order; not another owner's, that were set aside because theirs has the same name.
SELECT DISTINCT event FROM states
WHERE id IN (:of_order(id, ?1, ?2)) AND reason_code IS NOT 'order_collision' ORDER BY event;

-- name: kin
-- Events of the same sources that became no order's (ignored, dead, waiting), all of whose references are the story's.
WITH named AS (
    SELECT DISTINCT e.source, j.value AS reference
    FROM events e, json_each(e.refs) j WHERE e.id IN (SELECT value FROM json_each(?))
)
SELECT DISTINCT e.id
FROM named n JOIN event_references r ON r.reference = n.reference COLLATE NOCASE AND r.reference = n.reference
JOIN events e ON e.id = r.event AND e.source = n.source
WHERE NOT EXISTS (SELECT 1 FROM states s WHERE s.event = e.id)
  AND NOT EXISTS (SELECT 1 FROM json_each(e.refs) own
                  WHERE NOT EXISTS (SELECT 1 FROM named m WHERE m.source = e.source AND m.reference = own.value));

-- name: end_open
UPDATE events SET status = 'discarded', reason_code = ?, reason_detail = ?, reason_path = NULL, ended_at = ?
WHERE id = ? AND status IN ('received', 'waiting');

-- name: empty_event
UPDATE events SET refs = NULL, traceback = NULL, reason_path = NULL,
                  reason_detail = iif(reason_code IS NULL, NULL, ?1)
WHERE id = ?2;

-- name: empty_states
-- An empty body is an erased one: none at all is a cancellation.
UPDATE states AS s SET body = iif(:body IS NULL, NULL, x''), reason_path = NULL,
                  reason_detail = iif(reason_code IS NULL, NULL, ?1)
WHERE id IN (:of_order(id, ?2, ?3)) AND reason_code IS NOT 'order_collision';

-- name: empty_order
UPDATE orders SET has_twin = 0, reason_path = NULL, reason_detail = iif(reason_code IS NULL, NULL, ?1) WHERE id = ?2;

-- name: empty_attempts
UPDATE attempts SET detail = NULL WHERE id IN (SELECT attempt FROM attempt_orders WHERE order_row = ?);

-- name: record
INSERT OR IGNORE INTO erasures (tenant, external_order_id, erased_at) VALUES (?, ?, ?);

-- name: recorded
SELECT tenant, external_order_id, erased_at FROM erasures;

-- name: bodies
SELECT id, body AS "body [compressed]" FROM bodies WHERE id IN (SELECT value FROM json_each(?1));

-- name: keep_digests
UPDATE events SET body_digest = new.column2 FROM (VALUES :rows) AS new WHERE events.id = new.column1;

-- name: delete_bodies
DELETE FROM bodies WHERE id IN (SELECT value FROM json_each(?1));

-- name: delete_other_bodies
DELETE FROM other_bodies WHERE event IN (SELECT value FROM json_each(?1));

-- name: delete_answers
DELETE FROM answers WHERE event IN (SELECT value FROM json_each(?1));

-- name: references
SELECT refs, id FROM events WHERE refs IS NOT NULL AND id IN (SELECT value FROM json_each(?1));

-- name: delete_references
DELETE FROM event_references
WHERE reference COLLATE NOCASE IN (SELECT value FROM json_each(?1))
  AND reference IN (SELECT value FROM json_each(?1)) AND event = ?2;

-- name: empty_listed
UPDATE listed SET reason_detail = ?1 WHERE tenant = ?2 AND external_order_id = ?3 AND reason_detail IS NOT NULL;

-- name: delete_listed
-- What the vendor's list had of it and is no order's.
DELETE FROM listed
WHERE external_order_id = '' AND source = (SELECT source FROM events WHERE id = ?2)
  AND subject IN (SELECT value FROM json_each(?1));
