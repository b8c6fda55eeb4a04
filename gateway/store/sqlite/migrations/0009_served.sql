-- What was served to a pull, by when: an order that was pushed has Trackely's own id.
CREATE INDEX orders_served ON orders (tenant, delivered_at, changed_at) WHERE status = 'delivered' AND order_id IS NULL;
