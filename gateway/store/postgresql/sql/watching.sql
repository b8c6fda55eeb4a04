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

-- name: take
DELETE FROM changes RETURNING id, kind, "row", of, name, status, code, counts;
