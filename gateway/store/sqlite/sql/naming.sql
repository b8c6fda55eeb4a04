-- name: has_tombstones
WITH RECURSIVE names (name) AS (
    SELECT min(tenant) FROM orders UNION ALL
    SELECT (SELECT min(tenant) FROM orders WHERE tenant > names.name) FROM names WHERE names.name IS NOT NULL)
SELECT 1 FROM names CROSS JOIN orders o
ON o.tenant = names.name AND o.external_order_id >= 'record:' AND o.external_order_id < 'record;' LIMIT 1;

-- name: order_of
SELECT r.tenant, r.external_order_id, o.owner FROM order_records r
LEFT JOIN orders o ON o.tenant = r.tenant AND o.external_order_id = r.external_order_id
WHERE r.source = ? AND r.record = ?;

-- name: is_there
SELECT 1 FROM orders WHERE tenant = ? AND external_order_id = ?;

-- name: rename_order
-- Its status is named so that the tallies of both tenants are told.
UPDATE orders SET tenant = ?, external_order_id = ?, owner = ?, status = status
WHERE tenant = ? AND external_order_id = ?;

-- name: rename_states
UPDATE states SET tenant = ?1, external_order_id = ?2, owner = ?3 WHERE id IN (:of_order(id, ?4, ?5));

-- name: rename_record
UPDATE order_records SET tenant = ?, external_order_id = ? WHERE source = ? AND record = ?;
