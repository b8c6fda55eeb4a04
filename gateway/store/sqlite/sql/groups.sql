-- name: accepted
INSERT INTO sources (name, accepted_at) VALUES (?1, ?2)
ON CONFLICT (name) DO UPDATE SET accepted_at = max(accepted_at, ?2);

-- name: inserted_since
SELECT id FROM events WHERE id >= ?;

-- name: insert_events
-- None of them dead, each the only event of its request.
INSERT INTO events (id, source, event_id, topic, received_at, status)
SELECT column1, column2, column3, column4, column5, 'received' FROM (VALUES :rows) WHERE column1 IS NOT NULL
ON CONFLICT (source, event_id, generation) DO NOTHING;

-- name: insert_bodies
INSERT INTO bodies (id, body, context) SELECT * FROM (VALUES :rows) WHERE column1 IS NOT NULL;
