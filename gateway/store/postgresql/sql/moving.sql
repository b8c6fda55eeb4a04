-- name: marks
SELECT name, value FROM moves;

-- name: mark
INSERT INTO moves (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: unmark
DELETE FROM moves WHERE name = $1;

-- name: forget
DELETE FROM moves;

-- name: version
SELECT max(version) FROM schema_version;

-- name: columns
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL),
       coalesce(a.attnum = ANY(i.indkey), false)::int
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition;

-- name: numbered
SELECT table_name::text FROM information_schema.columns
WHERE table_schema = current_schema() AND column_name = 'id' AND is_identity = 'YES';

-- name: last_id
SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence($1::text, 'id')::regclass), 0);

-- name: raise_id
SELECT setval(pg_get_serial_sequence($1::text, 'id'), $2::bigint) WHERE $2::bigint > 0;
