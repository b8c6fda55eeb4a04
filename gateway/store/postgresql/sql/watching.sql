-- name: listen_events
ALTER TABLE events ENABLE TRIGGER tell_event_begun, ENABLE TRIGGER tell_event;

-- name: listen_orders
ALTER TABLE orders ENABLE TRIGGER tell_order_begun, ENABLE TRIGGER tell_order;

-- name: listen_tenants
ALTER TABLE tenants ENABLE TRIGGER tell_tenant_begun, ENABLE TRIGGER tell_tenant;

-- name: listen_leases
ALTER TABLE leases ENABLE TRIGGER tell_leased, ENABLE TRIGGER tell_put_back;

-- name: listen_operations
ALTER TABLE operations ENABLE TRIGGER tell_operation;

-- name: rest_events
ALTER TABLE events DISABLE TRIGGER tell_event_begun, DISABLE TRIGGER tell_event;

-- name: rest_orders
ALTER TABLE orders DISABLE TRIGGER tell_order_begun, DISABLE TRIGGER tell_order;

-- name: rest_tenants
ALTER TABLE tenants DISABLE TRIGGER tell_tenant_begun, DISABLE TRIGGER tell_tenant;

-- name: rest_leases
ALTER TABLE leases DISABLE TRIGGER tell_leased, DISABLE TRIGGER tell_put_back;

-- name: rest_operations
ALTER TABLE operations DISABLE TRIGGER tell_operation;

-- name: empty
TRUNCATE changes;

-- name: begin
INSERT INTO listeners (number, replica)
VALUES ($1, (SELECT number FROM replicas WHERE number = nullif(current_setting('gateway.replica', true), '')::bigint))
ON CONFLICT (number) DO UPDATE SET replica = excluded.replica
WHERE listeners.replica IS DISTINCT FROM excluded.replica;

-- name: last
SELECT coalesce(max(id), 0) FROM changes;

-- name: changes
SELECT id, kind, "row", of, name, status, code, counts FROM changes WHERE id > $1 ORDER BY id;

-- name: forget
DELETE FROM changes WHERE id <= $1;

-- name: end
DELETE FROM listeners
WHERE number = $1 OR replica NOT IN (SELECT number FROM replicas WHERE is_lost = 0);

-- name: others
SELECT 1 FROM listeners LIMIT 1;
