-- name: surely_gone
-- Of others the database knows nothing: they are watched.
SELECT number FROM replicas WHERE false;

-- name: forget_namesakes
DELETE FROM replicas WHERE name = $1 AND is_lost = 1;

-- name: join
INSERT INTO replicas (number, name, version, process, config_digest, adapters_digest, started_at, seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7);

-- name: whose
SELECT 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;

-- name: replicas
SELECT number, process, wanted, beats, is_lost FROM replicas;

-- name: mark
SELECT coalesce(max(number), 0), count(*) FROM duties;

-- name: held
SELECT name, replica FROM duties;

-- name: news
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
       (SELECT coalesce(max(id), 0) FROM events), (SELECT coalesce(max(id), 0) FROM states);

-- name: tenants
SELECT DISTINCT tenant FROM states WHERE id > $1;

-- name: beat
UPDATE replicas SET beats = beats + 1, seen_at = $1, wanted = $2, config_digest = $3, adapters_digest = $4
WHERE number = $5;

-- name: lose
UPDATE replicas SET is_lost = 1 WHERE number = $1 AND beats = $2 AND is_lost = 0;

-- name: free
DELETE FROM duties WHERE replica = $1;

-- name: forget_lost
DELETE FROM replicas WHERE is_lost = 1 AND seen_at < $1;

-- name: give_up
DELETE FROM duties WHERE replica = $1 AND name = ANY($2::text[]);

-- name: take
INSERT INTO duties (name, replica, number) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: mine
SELECT name FROM duties WHERE replica = $1 AND name = ANY($2::text[]);

-- name: leave
DELETE FROM replicas WHERE number = $1;

-- name: told
SELECT number, name, version, config_digest, adapters_digest, started_at, seen_at, is_lost FROM replicas
ORDER BY name, number;

-- name: tell
INSERT INTO notes (replica, kind, body) VALUES ($1, $2, $3)
ON CONFLICT (replica, kind) DO UPDATE SET body = excluded.body;

-- name: heard
SELECT kind, body FROM notes WHERE replica <> $1;

-- name: unsay
DELETE FROM notes WHERE replica = $1;
