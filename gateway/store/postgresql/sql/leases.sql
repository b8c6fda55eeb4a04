-- name: begin
INSERT INTO leases (id, tenant, until, orders) VALUES ($1, $2, $3, $4);

-- name: held
SELECT orders FROM leases WHERE id = $1 FOR UPDATE;

-- name: extend
UPDATE leases SET until = $1 WHERE id = $2;

-- name: keep
UPDATE leases SET orders = $1 WHERE id = $2;

-- name: end
DELETE FROM leases WHERE id = $1;

-- name: of_tenants
SELECT orders FROM leases WHERE tenant = ANY($1::text[]);

-- name: expired
SELECT id, orders FROM leases WHERE until <= $1 AND NOT tenant = ANY($2::text[]) FOR UPDATE;

-- name: of_tenant
SELECT id, orders FROM leases WHERE tenant = $1 FOR UPDATE;

-- name: all
SELECT id, orders FROM leases FOR UPDATE;
