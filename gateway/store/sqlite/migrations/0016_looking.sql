-- The newest dead letters of a hundred thousand are read in their order, and how many events are dead from an index.
UPDATE events SET ended_at = received_at WHERE is_dead_letter = 1 AND ended_at IS NULL;
CREATE INDEX events_dead_newest ON events (ended_at, id, source, reason_code) WHERE is_dead_letter = 1;
CREATE INDEX orders_dead_newest ON orders (ended_at, id) WHERE status = 'dead';
CREATE INDEX events_dead ON events (source) WHERE status = 'dead';
