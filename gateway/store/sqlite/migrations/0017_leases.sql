-- A batch that is being sent is one row, by a number that rises; the rows of its orders stay as they are until it is
-- settled. What `orders` has of leases is not used any more: dropping columns would write every row anew.
CREATE TABLE leases (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    until INTEGER NOT NULL,
    orders TEXT NOT NULL                -- JSON: of each the order, the state that is sent, its digest in hexadecimal
) STRICT;
CREATE VIEW leased AS
SELECT l.id AS lease, l.tenant AS tenant, sent.value ->> 0 AS order_row, sent.value ->> 1 AS state
FROM leases l, json_each(l.orders) sent;
INSERT INTO leases
SELECT lease, tenant, max(leased_until), json_group_array(json_array(id, leased_state, hex(leased_digest)))
FROM orders INDEXED BY orders_leased WHERE status = 'leased' GROUP BY lease, tenant;
UPDATE orders SET status = 'pending', lease = NULL, leased_until = NULL, leased_state = NULL, leased_digest = NULL
WHERE status = 'leased';
DROP INDEX orders_leased;
