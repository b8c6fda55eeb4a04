-- name: history
SELECT e.id, e.event_id, e.topic, e.received_at, e.status, e.reason_code, e.reason_detail, e.reason_path,
       e.clock, b.body, b.context
FROM events e JOIN bodies b ON b.id = e.id
WHERE e.id > $1 AND e.source = $2 AND e.kind = 'hook' AND e.received_at >= $3 AND e.received_at < $4 ORDER BY e.id LIMIT $5;

-- name: states
SELECT s.event, s.tenant, s.external_order_id, s.owner, s.clock, s.tie, s.body, s.reason_code
FROM states s JOIN events e ON e.id = s.event AND e.run = s.run
WHERE s.event = ANY($1::bigint[]) ORDER BY s.event, s.id;

-- name: answers
SELECT event, path, body FROM answers WHERE event = ANY($1::bigint[]);

-- name: length
SELECT count(*) FROM events e JOIN bodies b ON b.id = e.id
WHERE e.source = $1 AND e.kind = 'hook' AND e.received_at >= $2 AND e.received_at < $3;

-- name: stored
SELECT e.id, e.source, e.event_id, e.topic, e.received_at, b.body, b.context, e.clock
FROM unnest($1::bigint[]) AS asked (value) JOIN events e ON e.id = asked.value AND e.kind = 'hook'
JOIN bodies b ON b.id = e.id AND b.id = ANY($1) ORDER BY e.id;

-- name: present
SELECT :order, nullif(s.body, ''::bytea) FROM generate_subscripts($1::text[], 1) AS place
JOIN orders o ON o.tenant = ($1::text[])[place][1] AND o.external_order_id = ($1::text[])[place][2]
LEFT JOIN states s ON s.id = o.state;

-- name: known_as
SELECT r.source, r.record, r.external_order_id FROM generate_subscripts($1::text[], 1) AS place
JOIN order_records r ON r.source = ($1::text[])[place][1] AND r.record = ($1::text[])[place][2];
