-- name: known
SELECT event_id FROM events INDEXED BY events_key WHERE source = ?1 AND event_id IN (?2);

-- name: own
INSERT INTO counters (name, value) VALUES ('journal_writer', ?) ON CONFLICT (name) DO NOTHING;

-- name: taken
SELECT value, coalesce((SELECT value FROM counters WHERE name = 'journal'), 0)
FROM counters WHERE name = 'journal_writer';

-- name: take
INSERT INTO counters (name, value) VALUES ('journal', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
