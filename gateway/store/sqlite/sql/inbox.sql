-- name: newest_by_key
SELECT e.id, e.generation, e.received_at, e.status, e.body_digest, b.body AS "body [compressed]"
FROM events e LEFT JOIN bodies b ON b.id = e.id
WHERE e.source = ? AND e.event_id = ?
ORDER BY e.generation DESC LIMIT 1;

-- name: insert_generation
INSERT INTO events (id, source, event_id, generation, topic, received_at, status,
                    reason_code, reason_detail, reason_path, is_dead_letter, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: insert_body
INSERT INTO bodies (id, body, context) VALUES (?, compressed(?), ?);

-- name: count_duplicate
UPDATE events SET duplicates = duplicates + 1 WHERE id = ?;

-- name: count_conflict
UPDATE events SET conflicts = conflicts + 1 WHERE id = ?;

-- name: keep_other_body
INSERT INTO other_bodies (event, kind, received_at, body, context)
SELECT ?1, 'conflict', ?2, ?3, ?4
WHERE (SELECT count(*) FROM other_bodies WHERE event = ?1 AND kind = 'conflict') < 5
  AND NOT EXISTS (SELECT 1 FROM other_bodies WHERE event = ?1 AND kind = 'conflict' AND body = ?3);

-- name: keep_replaced_body
INSERT INTO other_bodies (event, kind, received_at, body, context)
SELECT e.id, 'replaced', e.received_at, decompressed(b.body), b.context FROM events e JOIN bodies b ON b.id = e.id
WHERE e.id = ?1
  AND NOT EXISTS (SELECT 1 FROM other_bodies WHERE event = ?1 AND kind = 'replaced' AND body = decompressed(b.body));

-- name: replace_body
INSERT INTO bodies (id, body, context) VALUES (?, compressed(?), ?)
ON CONFLICT (id) DO UPDATE SET body = excluded.body, context = excluded.context;

-- name: reopen
UPDATE events SET topic = ?, received_at = ?, status = ?, reason_code = ?, reason_detail = ?, reason_path = ?,
                  is_dead_letter = ?, ended_at = ?, traceback = NULL, clock = NULL, body_digest = NULL, replay = 0
WHERE id = ?;

-- name: bears
SELECT 1 FROM events WHERE source = ? LIMIT 1;

-- name: rename_source
UPDATE OR IGNORE events SET source = ?2 WHERE source = ?1;

-- name: rename_order_records
UPDATE OR IGNORE order_records SET source = ?2 WHERE source = ?1;

-- name: rename_listed
UPDATE OR IGNORE listed SET source = ?2 WHERE source = ?1;

-- name: rename_askings
UPDATE OR IGNORE askings SET source = ?2 WHERE source = ?1;

-- name: rename_waiting
UPDATE waiting SET source = ?2 WHERE source = ?1;

-- name: rename_accepted
INSERT INTO sources (name, accepted_at) SELECT ?2, accepted_at FROM sources WHERE name = ?1
ON CONFLICT (name) DO UPDATE SET accepted_at = max(accepted_at, excluded.accepted_at);

-- name: rename_order_owner
UPDATE orders SET owner = ?2 WHERE owner = ?1;

-- name: rename_state_owner
UPDATE states SET owner = ?2 WHERE owner = ?1;
