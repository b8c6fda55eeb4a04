-- name: all
SELECT source, mode, replaces, second, since, is_decided FROM source_modes;

-- name: shadows
SELECT source, replaces, since FROM source_modes WHERE mode = 'shadow';

-- name: set
INSERT INTO source_modes (source, mode, replaces, second, since, is_decided) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (source) DO UPDATE SET mode = excluded.mode, replaces = excluded.replaces, second = excluded.second,
                                   since = excluded.since, is_decided = excluded.is_decided;

-- name: forget_reasons
DELETE FROM shadow_reasons WHERE source = ?;

-- name: inherit
INSERT OR IGNORE INTO source_heirs (source, of) VALUES (?, ?);

-- name: inherit_all
INSERT OR IGNORE INTO source_heirs (source, of) SELECT ?1, of FROM source_heirs WHERE source = ?2 AND of <> ?1;

-- name: forget_heirs_of
DELETE FROM source_heirs WHERE of = ?;

-- name: inherits
SELECT 1 FROM source_heirs h JOIN states s ON s.id = ?2 JOIN events e ON e.id = s.event
WHERE h.source = ?1 AND h.of = e.source;
