-- name: begin
INSERT INTO leases (id, tenant, until, orders) VALUES (?, ?, ?, ?);

-- name: held
SELECT orders FROM leases WHERE id = ?;

-- name: extend
UPDATE leases SET until = ? WHERE id = ?;

-- name: keep
UPDATE leases SET orders = ? WHERE id = ?;

-- name: end
DELETE FROM leases WHERE id = ?;

-- name: of_tenants
SELECT orders FROM leases WHERE tenant IN (SELECT value FROM json_each(?));

-- name: expired
SELECT id, orders FROM leases WHERE until <= ?1 AND tenant NOT IN (SELECT value FROM json_each(?2));

-- name: of_tenant
SELECT id, orders FROM leases WHERE tenant = ?1;

-- name: all
SELECT id, orders FROM leases;
