-- name: all
SELECT source, mode, replaces, second, since, is_decided FROM source_modes;

-- name: shadows
SELECT source, replaces, since FROM source_modes WHERE mode = 'shadow';

-- name: looking_on
-- What a person tells is no vendor's, and delivered.
SELECT e.id FROM unnest($1::bigint[]) AS asked (value) JOIN events e ON e.id = asked.value
JOIN source_modes m ON m.source = e.source AND m.mode = 'shadow'
WHERE e.kind <> 'person' AND (e.received_at >= m.since OR e.replay <> 0
                              OR NOT EXISTS (SELECT 1 FROM source_heirs h WHERE h.of = e.source));

-- name: set
INSERT INTO source_modes (source, mode, replaces, second, since, is_decided) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (source) DO UPDATE SET mode = excluded.mode, replaces = excluded.replaces, second = excluded.second,
                                   since = excluded.since, is_decided = excluded.is_decided;

-- name: forget_reasons
DELETE FROM shadow_reasons WHERE source = $1;

-- name: forget_examples
UPDATE shadows SET example = NULL WHERE source = $1 AND example IS NOT NULL;

-- name: inherit
INSERT INTO source_heirs (source, of) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: inherit_all
INSERT INTO source_heirs (source, of) SELECT $1::text, of FROM source_heirs WHERE source = $2 AND of <> $1::text
ON CONFLICT DO NOTHING;

-- name: forget_heirs_of
DELETE FROM source_heirs WHERE of = $1;

-- name: teller
SELECT e.source, s.owner FROM states s JOIN events e ON e.id = s.event WHERE s.id = $1;

-- name: is_heir
SELECT source = $1 FROM source_heirs WHERE (source = $1 AND of = $2) OR (source = $2 AND of = $1);
