-- name: rows
SELECT s.id, s.source, s.tenant, s.external_order_id, s.here, s.there, s.clock, s.tie, s.arrival, s.event, s.state,
       s.verdict, s.members, s.example, s.first_at, s.changed_at
FROM (VALUES :rows) AS asked
JOIN shadows s ON s.source = asked.column1 AND s.tenant = asked.column2 AND s.external_order_id = asked.column3;

-- name: examples
SELECT source, count(*) FROM shadows INDEXED BY shadows_examples
WHERE source IN (SELECT value FROM json_each(?)) AND example IS NOT NULL GROUP BY source;

-- name: write
INSERT INTO shadows (source, tenant, external_order_id, here, there, clock, tie, arrival, event, state, verdict, members,
                     example, first_at, changed_at)
SELECT * FROM (VALUES :rows) WHERE column1 IS NOT NULL
ON CONFLICT (source, tenant, external_order_id) DO UPDATE
SET here = excluded.here, there = excluded.there, clock = excluded.clock, tie = excluded.tie,
    arrival = excluded.arrival, event = excluded.event, state = excluded.state, verdict = excluded.verdict,
    members = excluded.members, example = excluded.example, first_at = excluded.first_at,
    changed_at = excluded.changed_at;

-- name: body
SELECT :body AS "body [compressed]" FROM states s WHERE s.id = ?;

-- name: erase
DELETE FROM shadows WHERE tenant = ? AND external_order_id = ?;

-- name: count_reason
INSERT INTO shadow_reasons (source, code, count) VALUES (?, ?, ?)
ON CONFLICT (source, code) DO UPDATE SET count = count + excluded.count;
