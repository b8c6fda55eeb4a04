-- name: drift
SELECT source, kind, path, value, count, first_at, last_at, example, event_id, is_first FROM drift;

-- name: save
INSERT INTO drift (source, kind, path, value, count, first_at, last_at, example, event_id, is_first)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source, kind, path, value) DO UPDATE SET count = drift.count + excluded.count,
    last_at = max(drift.last_at, excluded.last_at);

-- name: forget_codes
DELETE FROM drift WHERE source = ? AND kind = 'code' AND path = ?;
