-- name: orders
-- Where an order stands in the queue of what is due.
SELECT due_at FROM orders WHERE id = $1;

-- name: events
-- The same of an event that waits for translation.
SELECT $1::bigint;
