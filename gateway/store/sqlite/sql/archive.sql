-- name: history
SELECT e.id, e.event_id, e.topic, e.received_at, e.status, e.reason_code, e.reason_detail, e.reason_path,
       e.clock, b.body AS "body [compressed]", b.context
FROM events e JOIN bodies b ON b.id = e.id
WHERE e.id > ? AND e.source = ? AND e.kind = 'hook' AND e.received_at >= ? AND e.received_at < ? ORDER BY e.id LIMIT ?;

-- name: states
SELECT s.event, s.tenant, s.external_order_id, s.owner, s.clock, s.tie, :body AS "body [compressed]", s.reason_code
FROM states s JOIN events e ON e.id = s.event AND e.run = s.run
WHERE s.event IN (SELECT value FROM json_each(?)) ORDER BY s.event, s.id;

-- name: answers
SELECT event, path, body FROM answers WHERE event IN (SELECT value FROM json_each(?));

-- name: length
SELECT count(*) FROM events e JOIN bodies b ON b.id = e.id
WHERE e.source = ? AND e.kind = 'hook' AND e.received_at >= ? AND e.received_at < ?;

-- name: stored
SELECT e.id, e.source, e.event_id, e.topic, e.received_at, b.body AS "body [compressed]", b.context, e.clock
FROM json_each(?) asked JOIN events e ON e.id = asked.value AND e.kind = 'hook'
JOIN bodies b ON b.id = e.id ORDER BY e.id;

-- name: present
SELECT :order, nullif(:body, x'') AS "body [compressed]" FROM json_each(?) asked
JOIN orders o ON o.tenant = asked.value ->> 0 AND o.external_order_id = asked.value ->> 1
LEFT JOIN states s ON s.id = o.state;

-- name: known_as
SELECT r.source, r.record, r.external_order_id FROM json_each(?) asked
JOIN order_records r ON r.source = asked.value ->> 0 AND r.record = asked.value ->> 1;
