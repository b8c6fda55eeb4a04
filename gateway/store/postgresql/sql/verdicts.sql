-- name: rows
SELECT s.id, s.source, s.tenant, s.external_order_id, s.here, s.there, s.clock, s.tie, s.arrival, s.event, s.state,
       s.verdict, s.members, s.example, s.first_at, s.changed_at
FROM (VALUES :rows text, text, text) AS asked
JOIN shadows s ON s.source = asked.column1 AND s.tenant = asked.column2 AND s.external_order_id = asked.column3;

-- name: examples
SELECT source, count(*) FROM shadows WHERE source = ANY($1::text[]) AND example IS NOT NULL GROUP BY source;

-- name: write
INSERT INTO shadows (source, tenant, external_order_id, here, there, clock, tie, arrival, event, state, verdict, members,
                     example, first_at, changed_at)
SELECT * FROM (VALUES :rows text, text, text, bytea, bytea, bigint, bigint, bigint, bigint, bigint, text, text, text,
               bigint, bigint)
ON CONFLICT (source, tenant, external_order_id) DO UPDATE
SET here = excluded.here, there = excluded.there, clock = excluded.clock, tie = excluded.tie,
    arrival = excluded.arrival, event = excluded.event, state = excluded.state, verdict = excluded.verdict,
    members = excluded.members, example = excluded.example, first_at = excluded.first_at,
    changed_at = excluded.changed_at;

-- name: body
SELECT body FROM states WHERE id = $1;

-- name: erase
DELETE FROM shadows WHERE tenant = $1 AND external_order_id = $2;

-- name: count_reason
INSERT INTO shadow_reasons (source, code, count) VALUES ($1, $2, $3)
ON CONFLICT (source, code) DO UPDATE SET count = shadow_reasons.count + excluded.count;
