-- name: reached
SELECT reached FROM reconciliations WHERE source = ? AND turn = ?;

-- name: reach
INSERT INTO reconciliations (source, turn, reached) VALUES (?1, ?2, ?3)
ON CONFLICT (source, turn) DO UPDATE SET reached = max(reached, ?3);

-- name: last_state
SELECT coalesce(max(id), 0) FROM states;

-- name: newest
SELECT s.id, o.owner, o.clock, :body AS "body [compressed]" FROM orders o JOIN states s ON s.id = o.state
WHERE o.tenant = ? AND o.external_order_id = ?;

-- name: last_fed
-- Text between the record's prefix and the character after the prefix's last.
SELECT record_digest, status FROM events
WHERE source = ?1 AND event_id >= ?2 || ':' AND event_id < ?2 || ';'
ORDER BY id DESC LIMIT 1;

-- name: named
SELECT 1 FROM event_references r JOIN events e ON e.id = r.event AND e.source = ?1
WHERE r.reference = ?2 COLLATE NOCASE AND r.reference = ?2 LIMIT 1;

-- name: annotate
UPDATE events SET clock = ?, record_digest = ? WHERE id = ?;

-- name: forget_listed
DELETE FROM listed WHERE source = ?1 AND subject = ?2;

-- name: list
INSERT INTO listed (source, subject, tenant, external_order_id, changed_at, asked_at, clock, digest, reason_code, reason_detail)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: asked
INSERT INTO askings (source, turn, since, asked_at) VALUES (?1, ?2, ?3, ?4)
-- Spans that touch are one; after a gap only the later one is known whole.
ON CONFLICT (source, turn) DO UPDATE SET
    since = CASE WHEN excluded.since <= askings.asked_at THEN min(askings.since, excluded.since) ELSE excluded.since END,
    asked_at = max(askings.asked_at, excluded.asked_at);

-- name: count
INSERT INTO recovered (source, topic, hour, count) VALUES (?, ?, ?, 1)
ON CONFLICT (source, hour, topic) DO UPDATE SET count = recovered.count + 1;
