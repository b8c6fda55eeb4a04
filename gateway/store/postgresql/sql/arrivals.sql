-- name: insert
-- One statement is one transaction. Numbered in the order in which they came, inserted in the order of their keys: two
-- groups that overlap wait for each other, and never both.
WITH given AS MATERIALIZED (
    SELECT *, nextval((SELECT pg_get_serial_sequence('events', 'id')::regclass)) AS id
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[], $6::bytea[]) WITH ORDINALITY
        AS given (source, event_id, topic, received_at, body, context, place)
), stored AS (
    INSERT INTO events (id, source, event_id, topic, received_at, status)
    -- No event was received before one that was there.
    SELECT id, source, event_id, topic,
           greatest(received_at, (SELECT received_at FROM events ORDER BY id DESC LIMIT 1)), 'received'
    FROM given ORDER BY source, event_id
    ON CONFLICT (source, event_id, generation) DO NOTHING
    RETURNING id
), kept AS (
    INSERT INTO bodies (id, body, context) SELECT given.id, body, context FROM given JOIN stored ON stored.id = given.id
), accepted AS (
    INSERT INTO sources (name, accepted_at) SELECT * FROM unnest($7::text[], $8::bigint[])
    ON CONFLICT (name) DO UPDATE SET accepted_at = greatest(sources.accepted_at, excluded.accepted_at)
)
SELECT given.place, given.id FROM given JOIN stored ON stored.id = given.id;

-- name: accepted
INSERT INTO sources (name, accepted_at) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET accepted_at = greatest(sources.accepted_at, $2);
