-- name: drift
SELECT source, kind, path, value, count, first_at, last_at, example, event_id, is_first FROM drift;

-- name: save
INSERT INTO drift (source, kind, path, value, count, first_at, last_at, example, event_id, is_first)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (source, kind, path, value) DO UPDATE SET count = drift.count + excluded.count,
    last_at = greatest(drift.last_at, excluded.last_at);

-- name: forget_codes
DELETE FROM drift WHERE source = $1 AND kind = 'code' AND path = $2;
