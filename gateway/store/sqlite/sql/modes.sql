-- name: all
SELECT source, mode, replaces, second, since, is_decided FROM source_modes;

-- name: shadows
SELECT source, replaces, since FROM source_modes WHERE mode = 'shadow';

-- name: looking_on
-- What a person tells is no vendor's, and delivered.
SELECT e.id FROM json_each(?) AS asked JOIN events e ON e.id = asked.value
JOIN source_modes m ON m.source = e.source AND m.mode = 'shadow'
WHERE e.kind <> 'person' AND (e.received_at >= m.since OR e.replay <> 0
                              OR NOT EXISTS (SELECT 1 FROM source_heirs h WHERE h.of = e.source));

-- name: set
INSERT INTO source_modes (source, mode, replaces, second, since, is_decided) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (source) DO UPDATE SET mode = excluded.mode, replaces = excluded.replaces, second = excluded.second,
                                   since = excluded.since, is_decided = excluded.is_decided;

-- name: forget_reasons
DELETE FROM shadow_reasons WHERE source = ?;

-- name: forget_examples
UPDATE shadows SET example = NULL WHERE source = ? AND example IS NOT NULL;

-- name: inherit
INSERT OR IGNORE INTO source_heirs (source, of) VALUES (?, ?);

-- name: inherit_all
INSERT OR IGNORE INTO source_heirs (source, of) SELECT ?1, of FROM source_heirs WHERE source = ?2 AND of <> ?1;

-- name: forget_heirs_of
DELETE FROM source_heirs WHERE of = ?;

-- name: teller
SELECT e.source, s.owner FROM states s JOIN events e ON e.id = s.event WHERE s.id = ?;

-- name: is_heir
SELECT source = ?1 FROM source_heirs WHERE (source = ?1 AND of = ?2) OR (source = ?2 AND of = ?1);
