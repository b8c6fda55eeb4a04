-- name: new
SELECT nextval(pg_get_serial_sequence($1::text, 'id')) FROM generate_series(1, $2::bigint);
