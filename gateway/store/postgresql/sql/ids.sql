-- name: new
-- The sequence is found once, not for each.
SELECT nextval((SELECT pg_get_serial_sequence($1::text, 'id')::regclass)) FROM generate_series(1, $2::bigint);
