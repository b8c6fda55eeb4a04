-- name: events
-- Of those that are there and those that were pruned.
SELECT max(coalesce((SELECT max(id) FROM events), 0),
           coalesce((SELECT value FROM counters WHERE name = 'events'), 0));

-- name: orders
-- Of those that are there and those that were pruned.
SELECT max(coalesce((SELECT max(id) FROM orders), 0),
           coalesce((SELECT value FROM counters WHERE name = 'orders'), 0));

-- name: states
-- Of those that are there and those that were pruned.
SELECT max(coalesce((SELECT max(id) FROM states), 0),
           coalesce((SELECT value FROM counters WHERE name = 'states'), 0));
