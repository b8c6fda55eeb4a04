-- name: newest_by_key
SELECT e.id, e.generation, e.received_at, e.status, e.body_digest, b.body
FROM (SELECT id, generation, received_at, status, body_digest FROM events WHERE source = $1 AND event_id = $2 ORDER BY generation DESC LIMIT 1) e
LEFT JOIN LATERAL bodies_of(ARRAY[e.id]) b ON true;

-- name: insert_generation
INSERT INTO events (id, source, event_id, generation, topic, received_at, status,
                    reason_code, reason_detail, reason_path, is_dead_letter, ended_at)
VALUES ($1, $2, $3, $4, $5, greatest($6::bigint, (SELECT received_at FROM events ORDER BY id DESC LIMIT 1)), $7, $8, $9,
        $10, $11, $12);

-- name: insert_body
INSERT INTO bodies (id, body, context) VALUES ($1, $2, $3);

-- name: count_duplicate
UPDATE events SET duplicates = duplicates + 1 WHERE id = $1;

-- name: count_conflict
UPDATE events SET conflicts = conflicts + 1 WHERE id = $1;

-- name: keep_other_body
INSERT INTO other_bodies (event, kind, received_at, body, context)
SELECT $1::bigint, 'conflict', $2::bigint, $3::bytea, $4::bytea
WHERE (SELECT count(*) FROM other_bodies WHERE event = $1 AND kind = 'conflict') < 5
  AND NOT EXISTS (SELECT 1 FROM other_bodies WHERE event = $1 AND kind = 'conflict' AND body = $3);

-- name: keep_replaced_body
INSERT INTO other_bodies (event, kind, received_at, body, context)
SELECT e.id, 'replaced', e.received_at, b.body, b.context FROM events e JOIN bodies b ON b.id = e.id
WHERE e.id = $1
  AND NOT EXISTS (SELECT 1 FROM other_bodies WHERE event = $1 AND kind = 'replaced' AND body = b.body);

-- name: replace_body
INSERT INTO bodies (id, body, context) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET body = excluded.body, context = excluded.context;

-- name: reopen
UPDATE events SET topic = $1, received_at = $2, status = $3, reason_code = $4, reason_detail = $5, reason_path = $6,
                  is_dead_letter = $7, ended_at = $8, traceback = NULL, clock = NULL, body_digest = NULL, replay = 0
WHERE id = $9;

-- name: bears
SELECT 1 FROM events WHERE source = $1 LIMIT 1;

-- name: rename_source
UPDATE events SET source = $2 WHERE source = $1
  AND NOT EXISTS (SELECT 1 FROM events n WHERE n.source = $2 AND n.event_id = events.event_id AND n.generation = events.generation);

-- name: rename_order_records
UPDATE order_records SET source = $2 WHERE source = $1
  AND NOT EXISTS (SELECT 1 FROM order_records n WHERE n.source = $2 AND n.record = order_records.record);

-- name: rename_listed
UPDATE listed SET source = $2 WHERE source = $1
  AND NOT EXISTS (SELECT 1 FROM listed n WHERE n.source = $2 AND n.subject = listed.subject
                  AND n.tenant = listed.tenant AND n.external_order_id = listed.external_order_id);

-- name: rename_askings
UPDATE askings SET source = $2 WHERE source = $1
  AND NOT EXISTS (SELECT 1 FROM askings n WHERE n.source = $2 AND n.turn = askings.turn);

-- name: rename_waiting
UPDATE waiting SET source = $2 WHERE source = $1;

-- name: rename_accepted
INSERT INTO sources (name, accepted_at) SELECT $2::text, accepted_at FROM sources WHERE name = $1
ON CONFLICT (name) DO UPDATE SET accepted_at = greatest(sources.accepted_at, excluded.accepted_at);

-- name: rename_order_owner
UPDATE orders SET owner = $2 WHERE owner = $1;

-- name: rename_state_owner
UPDATE states SET owner = $2 WHERE owner = $1;
