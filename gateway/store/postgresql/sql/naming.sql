-- name: has_tombstones
WITH RECURSIVE names (name) AS (
    SELECT min(tenant) FROM orders UNION ALL
    SELECT (SELECT min(tenant) FROM orders WHERE tenant > names.name) FROM names WHERE names.name IS NOT NULL)
SELECT 1 FROM names JOIN orders o
ON o.tenant = names.name AND o.external_order_id >= 'record:' AND o.external_order_id < 'record;' LIMIT 1;

-- name: order_of
SELECT r.tenant, r.external_order_id, o.owner FROM order_records r
LEFT JOIN orders o ON o.tenant = r.tenant AND o.external_order_id = r.external_order_id
WHERE r.source = $1 AND r.record = $2;

-- name: is_there
SELECT 1 FROM orders WHERE tenant = $1 AND external_order_id = $2;

-- name: rename_order
UPDATE orders SET tenant = $1, external_order_id = $2, owner = $3 WHERE tenant = $4 AND external_order_id = $5;

-- name: rename_states
UPDATE states SET tenant = $1, external_order_id = $2, owner = $3 WHERE tenant = $4 AND external_order_id = $5;

-- name: rename_record
UPDATE order_records SET tenant = $1, external_order_id = $2 WHERE source = $3 AND record = $4;
