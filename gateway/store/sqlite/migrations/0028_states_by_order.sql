-- The state that an order's row began with is found by that row, and stands in no index by its order's name: where names
-- come in no order that is a page more to write for each order.
ALTER TABLE orders ADD COLUMN begun_with INTEGER;
ALTER TABLE states ADD COLUMN begins_order INTEGER;     -- 1: its order's row says so; NULL: it stands in the index
-- It is NULL of all that there are, so that the index holds what it says from now on: it is not made anew.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = sql || ' WHERE begins_order IS NULL' WHERE type = 'index' AND name = 'states_order';
PRAGMA writable_schema = RESET;
CREATE TRIGGER orders_forgotten AFTER DELETE ON orders WHEN OLD.begun_with IS NOT NULL
BEGIN
    UPDATE states SET begins_order = NULL WHERE id = OLD.begun_with;
END;
