-- name: live_states
-- Not those that no order ever took: their adapter, or the order's owner, kept them from it.
SELECT s.event, s.tenant, s.external_order_id, s.clock, s.tie, s.arrival, :body AS "body [compressed]"
FROM json_each(?) asked JOIN events e ON e.id = asked.value JOIN states s ON s.event = e.id AND s.run = e.run
WHERE s.status <> 'dead' OR EXISTS (SELECT 1 FROM orders o WHERE o.tenant = s.tenant
                                    AND o.external_order_id = s.external_order_id AND o.state = s.id)
ORDER BY s.event, s.id;

-- name: whole
SELECT b.id FROM json_each(?) AS asked JOIN bodies b ON b.id = asked.value;

-- name: counts
SELECT verdict, count(*) FROM shadows INDEXED BY shadows_verdict WHERE source = ? AND first_at >= ? GROUP BY verdict;

-- name: settled
SELECT verdict, count(*) FROM shadows INDEXED BY shadows_verdict
WHERE source = ?1 AND (verdict = 'onlyHere' OR verdict = 'onlyThere') AND first_at >= ?2 AND first_at <= ?3
GROUP BY verdict;

-- name: members
SELECT member.value, count(*) FROM shadows s INDEXED BY shadows_verdict, json_each(s.members) member
WHERE s.source = ?1 AND s.verdict = 'differ' AND s.first_at >= ?2 GROUP BY member.value;

-- name: reasons
SELECT code, count FROM shadow_reasons WHERE source = ?;

-- name: waiting
SELECT count(*) FROM waiting WHERE source = ?;

-- name: examples
SELECT * FROM (SELECT tenant, external_order_id, verdict, event, example, here, there FROM shadows
               WHERE source = ?1 AND verdict = 'differ' AND first_at >= ?2 AND example IS NOT NULL
               ORDER BY id LIMIT ?4)
UNION ALL
SELECT * FROM (SELECT tenant, external_order_id, verdict, event, example, here, there FROM shadows
               WHERE source = ?1 AND verdict = 'onlyHere' AND first_at >= ?2 AND first_at <= ?3
               ORDER BY first_at, id LIMIT ?4)
UNION ALL
SELECT * FROM (SELECT tenant, external_order_id, verdict, event, example, here, there FROM shadows
               WHERE source = ?1 AND verdict = 'onlyThere' AND first_at >= ?2 AND first_at <= ?3
               ORDER BY first_at, id LIMIT ?4)
LIMIT ?4;

-- name: newest
SELECT event FROM shadows WHERE source = ?1 AND first_at >= ?2 AND event IS NOT NULL
UNION
SELECT id FROM events WHERE reason_code IN (?3, 'held') AND source = ?1 AND status = 'shadowed'
EXCEPT
SELECT row FROM operation_items WHERE operation = ?4
ORDER BY 1;

-- name: reopen
-- With the answers that it had, and the clock that they were asked at: it is no newer than it was.
UPDATE events SET status = 'received', reason_code = NULL, reason_detail = NULL, reason_path = NULL, ended_at = NULL,
                  traceback = NULL
WHERE id = ? AND status = 'shadowed' AND EXISTS (SELECT 1 FROM bodies b WHERE b.id = events.id);

-- name: bury
UPDATE events SET status = 'shadowed', reason_code = ?, reason_detail = ?, reason_path = ?, ended_at = ?
WHERE id = ? AND status = 'waiting' RETURNING id, source, event_id;
