-- name: off
SELECT name FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name;

-- name: waits
SELECT current_setting('synchronous_standby_names') <> '' AND current_setting('synchronous_commit') NOT IN ('off', 'local');

-- name: schema
SELECT has_schema_privilege(current_schema(), 'CREATE'), to_regclass('schema_version')::text,
       to_regclass('moves')::text;
