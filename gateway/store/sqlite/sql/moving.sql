-- name: marks
SELECT name, value FROM moves;

-- name: mark
INSERT INTO moves (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: unmark
DELETE FROM moves WHERE name = ?;

-- name: forget
DELETE FROM moves;

-- name: last_ids
SELECT name, seq FROM sqlite_sequence;

-- name: raise_counted
INSERT INTO counters (name, value) SELECT ?1, ?2 WHERE ?2 > 0
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value);

-- name: begin_ids
-- A table that never had a row has no number yet.
INSERT INTO sqlite_sequence (name, seq) SELECT ?1, 0
WHERE ?1 IN (SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%')
  AND ?1 NOT IN (SELECT name FROM sqlite_sequence);

-- name: raise_id
UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = ?2;
