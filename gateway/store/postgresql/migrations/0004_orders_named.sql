-- Orders are found by their names in the key's index, but for those in mixed case.
CREATE INDEX orders_mixed_case ON orders (lower(external_order_id))
    WHERE external_order_id <> lower(external_order_id) AND external_order_id <> upper(external_order_id);
DROP INDEX orders_named;
