-- works with: 10
-- Bodies in partitions, by the ids of their events: a day's go at once. What is there stays where it is, in the first.
ALTER TABLE bodies RENAME TO bodies_kept;
ALTER INDEX bodies_pkey RENAME TO bodies_kept_pkey;
CREATE TABLE bodies (
    id bigint PRIMARY KEY,              -- the event's
    body bytea NOT NULL,
    context bytea NOT NULL
) PARTITION BY RANGE (id);
ALTER TABLE bodies ATTACH PARTITION bodies_kept FOR VALUES FROM (MINVALUE) TO (MAXVALUE);

-- Bodies by their ids, of which the planner knows the partitions: in a join it would plan for each of them.
CREATE FUNCTION bodies_of(ids bigint[]) RETURNS TABLE (id bigint, body bytea, context bytea) LANGUAGE plpgsql STABLE ROWS 100 AS $body$
BEGIN
    RETURN QUERY EXECUTE 'SELECT b.id, b.body, b.context FROM bodies b WHERE b.id = ANY($1)' USING ids;
END
$body$;
