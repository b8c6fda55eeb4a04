-- name: integrations
SELECT tenant, is_active, connected_at, last_received_at FROM integrations ORDER BY tenant;

-- name: integration
SELECT tenant, is_active, connected_at, last_received_at, secret_hash, configured_hash
FROM integrations WHERE tenant = :tenant;

-- name: connect
INSERT INTO integrations (tenant, secret_hash, configured_hash, is_active, connected_at)
VALUES (:tenant, :secret_hash, :configured_hash, 1, :now)
ON CONFLICT (tenant) DO NOTHING
RETURNING tenant;

-- name: replace_secret
UPDATE integrations
SET secret_hash = :secret_hash, configured_hash = coalesce(:configured_hash, configured_hash)
WHERE tenant = :tenant
RETURNING tenant;

-- name: set_active
UPDATE integrations SET is_active = :is_active WHERE tenant = :tenant RETURNING tenant;

-- name: mark_received
UPDATE integrations SET last_received_at = :now
WHERE tenant = :tenant AND is_active = 1 AND secret_hash = :secret_hash
RETURNING tenant;

-- name: put_configured_customer
INSERT INTO customers (tenant, customer_id, name, contact, address, address_key, created_at)
VALUES ('', :customer_id, :name, :contact, :address, :address_key, :now)
ON CONFLICT (tenant, customer_id) DO UPDATE
SET name = excluded.name, contact = excluded.contact, address = excluded.address, address_key = excluded.address_key,
    geocoded_at = CASE WHEN address IS excluded.address THEN geocoded_at END,
    latitude = CASE WHEN address IS excluded.address THEN latitude END,
    longitude = CASE WHEN address IS excluded.address THEN longitude END
WHERE (name, contact) <> (excluded.name, excluded.contact) OR address IS NOT excluded.address;

-- name: customers_by_id
SELECT customer_id, min(number) AS number FROM customers
WHERE tenant IN (:tenant, '') AND customer_id IN (SELECT value FROM json_each(:ids))
GROUP BY customer_id;

-- name: customers_by_address
SELECT address_key, min(number) AS number FROM customers
WHERE tenant IN (:tenant, '') AND address_key IN (SELECT value FROM json_each(:keys))
GROUP BY address_key;

-- name: add_customer
INSERT INTO customers (tenant, customer_id, name, contact, address, address_key, created_at)
VALUES (:tenant, :customer_id, :name, :contact, :address, :address_key, :now);

-- name: orders_by_external_id
SELECT external_order_id, order_id FROM orders
WHERE tenant = :tenant AND external_order_id IN (SELECT value FROM json_each(:ids));

-- name: put_order
-- What an update does not name stays; one that names another customer and no address takes that customer's.
INSERT INTO orders (tenant, external_order_id, order_id, customer, delivery_address, total_weight, volume,
                    pallet_count, special_handling, planned_date, created_at, updated_at)
VALUES (:tenant, :external_order_id, :order_id, :customer, :delivery_address, :total_weight, :volume,
        :pallet_count, :special_handling, :planned_date, :now, :now)
ON CONFLICT (tenant, external_order_id) DO UPDATE
SET customer = excluded.customer,
    delivery_address = CASE WHEN excluded.delivery_address IS NULL AND excluded.customer = customer
                            THEN delivery_address ELSE excluded.delivery_address END,
    total_weight = coalesce(excluded.total_weight, total_weight),
    volume = coalesce(excluded.volume, volume),
    pallet_count = coalesce(excluded.pallet_count, pallet_count),
    special_handling = coalesce(excluded.special_handling, special_handling),
    planned_date = coalesce(excluded.planned_date, planned_date),
    updated_at = excluded.updated_at;

-- name: orders
SELECT o.*, c.customer_id, c.name, c.contact, c.address, c.latitude, c.longitude
FROM orders o JOIN customers c ON c.number = o.customer
WHERE o.tenant = :tenant AND o.number > :after
ORDER BY o.number LIMIT :limit;

-- name: orders_planned
SELECT o.*, c.customer_id, c.name, c.contact, c.address, c.latitude, c.longitude
FROM orders o JOIN customers c ON c.number = o.customer
WHERE o.tenant = :tenant AND o.planned_date = :planned_date AND o.number > :after
ORDER BY o.number LIMIT :limit;

-- name: order
SELECT o.*, c.customer_id, c.name, c.contact, c.address, c.latitude, c.longitude
FROM orders o JOIN customers c ON c.number = o.customer
WHERE o.tenant = :tenant AND o.external_order_id = :external_order_id;

-- name: customers
SELECT number, customer_id, name, contact, address, latitude, longitude, created_at FROM customers
WHERE tenant IN (:tenant, '') AND number > :after
ORDER BY number LIMIT :limit;

-- name: customer
SELECT number, customer_id, name, contact, address, latitude, longitude, created_at FROM customers
WHERE tenant IN (:tenant, '') AND customer_id = :customer_id
ORDER BY number LIMIT 1;

-- name: customers_not_geocoded
SELECT number, address FROM customers WHERE geocoded_at IS NULL AND address IS NOT NULL ORDER BY number LIMIT 100;

-- name: place_customer
UPDATE customers SET latitude = :latitude, longitude = :longitude, geocoded_at = :now
WHERE number = :number AND address = :address;

-- name: add_pull_endpoint
INSERT INTO pull_endpoints (endpoint_id, tenant, url, method, every_seconds, generation, created_at)
VALUES (:endpoint_id, :tenant, :url, :method, :every_seconds, 1, :now)
RETURNING *;

-- name: pull_endpoints
SELECT * FROM pull_endpoints WHERE tenant = :tenant ORDER BY created_at, endpoint_id;

-- name: pull_endpoint
SELECT * FROM pull_endpoints WHERE tenant = :tenant AND endpoint_id = :endpoint_id;

-- name: delete_pull_endpoint
DELETE FROM pull_endpoints WHERE tenant = :tenant AND endpoint_id = :endpoint_id RETURNING endpoint_id;

-- name: next_generation
UPDATE pull_endpoints SET generation = generation + 1 WHERE tenant = :tenant AND endpoint_id = :endpoint_id
RETURNING *;

-- name: due_pull_endpoints
-- An attempt that lies in the future was made before the clock was set back: it holds nothing up.
SELECT tenant, endpoint_id FROM pull_endpoints
WHERE every_seconds IS NOT NULL
  AND (last_attempt_at IS NULL OR last_attempt_at > :now OR last_attempt_at + every_seconds * 1000000 <= :now)
ORDER BY last_attempt_at;

-- name: pull_succeeded
UPDATE pull_endpoints
SET last_attempt_at = :started_at, last_succeeded_at = :now, last_processed = :processed
WHERE endpoint_id = :endpoint_id;

-- name: pull_failed
UPDATE pull_endpoints
SET last_attempt_at = :started_at, last_failed_at = :now, last_error = :error
WHERE endpoint_id = :endpoint_id;
