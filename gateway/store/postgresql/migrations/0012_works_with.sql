-- works with: 11
-- Which programs may serve the database though they know less of its schema: those that know this migration and all
-- before it. NULL: only those that know the schema's own.
ALTER TABLE schema_version ADD COLUMN works_with bigint;
