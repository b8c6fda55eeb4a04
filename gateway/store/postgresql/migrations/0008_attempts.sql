-- An attempt that went like the one before is counted in that: how often, and when last (NULL: once).
ALTER TABLE attempts ADD COLUMN times bigint NOT NULL DEFAULT 1;
ALTER TABLE attempts ADD COLUMN last_at bigint;
