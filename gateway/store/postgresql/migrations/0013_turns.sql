-- works with: 12
-- What waits for translation is taken by source, in turn.
DROP INDEX events_received;
CREATE INDEX events_received ON events (source, id) WHERE status = 'received';
