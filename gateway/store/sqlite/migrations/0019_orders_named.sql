-- Orders are found by their names in the key's index, but for those in mixed case: an index of all is a page more to
-- write for each order whose names come in no order.
CREATE INDEX orders_mixed_case ON orders (external_order_id COLLATE NOCASE)
    WHERE external_order_id GLOB '*[a-z]*' AND external_order_id GLOB '*[A-Z]*';
DROP INDEX orders_named;
