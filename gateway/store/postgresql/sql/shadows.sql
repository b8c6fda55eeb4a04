-- name: live_states
-- Not those that no order ever took: their adapter, or the order's owner, kept them from it.
SELECT s.event, s.tenant, s.external_order_id, s.clock, s.tie, s.arrival, s.body
FROM unnest($1::bigint[]) AS asked (value) JOIN events e ON e.id = asked.value
JOIN states s ON s.event = e.id AND s.run = e.run
WHERE s.status <> 'dead' OR EXISTS (SELECT 1 FROM orders o WHERE o.tenant = s.tenant
                                    AND o.external_order_id = s.external_order_id AND o.state = s.id)
ORDER BY s.event, s.id;

-- name: whole
SELECT b.id FROM unnest($1::bigint[]) AS asked (value) JOIN bodies b ON b.id = asked.value;

-- name: counts
SELECT verdict, count(*) FROM shadows WHERE source = $1 AND first_at >= $2 GROUP BY verdict;

-- name: settled
SELECT verdict, count(*) FROM shadows
WHERE source = $1 AND (verdict = 'onlyHere' OR verdict = 'onlyThere') AND first_at >= $2 AND first_at <= $3
GROUP BY verdict;

-- name: members
SELECT member.value, count(*) FROM shadows s, json_array_elements_text(s.members::json) AS member (value)
WHERE s.source = $1 AND s.verdict = 'differ' AND s.first_at >= $2 GROUP BY member.value;

-- name: reasons
SELECT code, count FROM shadow_reasons WHERE source = $1;

-- name: waiting
SELECT count(*) FROM waiting WHERE source = $1;

-- name: examples
SELECT * FROM (SELECT tenant, external_order_id, verdict, event, example, here, there FROM shadows
               WHERE source = $1 AND verdict = 'differ' AND first_at >= $2 AND example IS NOT NULL
               ORDER BY id LIMIT $4) AS differing
UNION ALL
SELECT * FROM (SELECT tenant, external_order_id, verdict, event, example, here, there FROM shadows
               WHERE source = $1 AND verdict = 'onlyHere' AND first_at >= $2 AND first_at <= $3
               ORDER BY first_at, id LIMIT $4) AS only_here
UNION ALL
SELECT * FROM (SELECT tenant, external_order_id, verdict, event, example, here, there FROM shadows
               WHERE source = $1 AND verdict = 'onlyThere' AND first_at >= $2 AND first_at <= $3
               ORDER BY first_at, id LIMIT $4) AS only_there
LIMIT $4;

-- name: newest
(SELECT event FROM shadows WHERE source = $1 AND first_at >= $2 AND event IS NOT NULL
 UNION
 SELECT id FROM events WHERE reason_code IN ($3, 'held') AND source = $1 AND status = 'shadowed')
EXCEPT
SELECT "row" FROM operation_items WHERE operation = $4
ORDER BY 1;

-- name: reopen
-- With the answers that it had, and the clock that they were asked at: it is no newer than it was.
UPDATE events SET status = 'received', reason_code = NULL, reason_detail = NULL, reason_path = NULL, ended_at = NULL,
                  traceback = NULL
WHERE id = $1 AND status = 'shadowed' AND body_digest IS NULL AND EXISTS (SELECT 1 FROM bodies b WHERE b.id = events.id);

-- name: bury
UPDATE events SET status = 'shadowed', reason_code = $1, reason_detail = $2, reason_path = $3, ended_at = $4
WHERE id = $5 AND status = 'waiting' RETURNING id, source, event_id;
