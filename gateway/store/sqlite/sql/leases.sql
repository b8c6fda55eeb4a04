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

-- name: expired
SELECT id, orders FROM leases WHERE until <= ?;

-- name: all
SELECT id, orders FROM leases;

-- name: of_tenants
SELECT orders FROM leases WHERE tenant IN (SELECT value FROM json_each(?));
