-- name: surely_gone
-- Whoever served the file before is gone: its lock is ours.
SELECT number FROM replicas;

-- name: forget_namesakes
DELETE FROM replicas WHERE name = ? AND is_lost = 1;

-- name: join
INSERT INTO replicas (number, name, version, process, config_digest, adapters_digest, started_at, seen_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7);

-- name: whose
-- Nobody else can serve the file, and its time is this machine's.
SELECT 0, NULL;

-- name: replicas
SELECT number, process, wanted, beats, is_lost FROM replicas;

-- name: mark
SELECT coalesce(max(number), 0), count(*) FROM duties;

-- name: held
SELECT name, replica FROM duties;

-- name: news
SELECT NULL, (SELECT coalesce(max(id), 0) FROM events), (SELECT coalesce(max(id), 0) FROM states);

-- name: tenants
SELECT DISTINCT tenant FROM states WHERE id > ?;

-- name: beat
UPDATE replicas SET beats = beats + 1, seen_at = ?, wanted = ?, config_digest = ?, adapters_digest = ? WHERE number = ?;

-- name: lose
UPDATE replicas SET is_lost = 1 WHERE number = ? AND beats = ? AND is_lost = 0;

-- name: free
DELETE FROM duties WHERE replica = ?;

-- name: forget_lost
DELETE FROM replicas WHERE is_lost = 1 AND seen_at < ?;

-- name: give_up
DELETE FROM duties WHERE replica = ?1 AND name IN (SELECT value FROM json_each(?2));

-- name: take
INSERT INTO duties (name, replica, number) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- name: mine
SELECT name FROM duties WHERE replica = ?1 AND name IN (SELECT value FROM json_each(?2));

-- name: leave
DELETE FROM replicas WHERE number = ?;

-- name: told
SELECT number, name, version, config_digest, adapters_digest, started_at, seen_at, is_lost FROM replicas
ORDER BY name, number;

-- name: tell
INSERT INTO notes (replica, kind, body) VALUES (?1, ?2, ?3)
ON CONFLICT (replica, kind) DO UPDATE SET body = excluded.body;

-- name: heard
SELECT kind, body FROM notes WHERE replica <> ?1;

-- name: unsay
DELETE FROM notes WHERE replica = ?1;
