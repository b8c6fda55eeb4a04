-- A batch that is being sent is one row, by a number that rises; the rows of its orders stay as they are until it is
-- settled. What `orders` has of leases is not used any more.
CREATE TABLE leases (
    id bigint PRIMARY KEY,
    tenant text COLLATE "C" NOT NULL,
    until bigint NOT NULL,
    orders text COLLATE "C" NOT NULL    -- JSON: of each the order, the state that is sent, its digest in hexadecimal
) WITH (fillfactor = 50);
CREATE VIEW leased AS
SELECT l.id AS lease, l.tenant AS tenant, (sent ->> 0)::bigint AS order_row, (sent ->> 1)::bigint AS state
FROM leases l, json_array_elements(l.orders::json) AS sent;
INSERT INTO leases
SELECT lease, tenant, max(leased_until), json_agg(json_build_array(id, leased_state, encode(leased_digest, 'hex')))::text
FROM orders WHERE status = 'leased' GROUP BY lease, tenant;
UPDATE orders SET status = 'pending', lease = NULL, leased_until = NULL, leased_state = NULL, leased_digest = NULL
WHERE status = 'leased';
DROP INDEX orders_leased;

-- An order is told as leased when its lease begins, and as pending when that ends and nothing else came of it.
CREATE FUNCTION tell_leased() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO changes (kind, "row", of, name, status)
    SELECT 'order', o.id, o.tenant, o.external_order_id, 'leased'
    FROM json_array_elements(NEW.orders::json) AS sent JOIN orders o ON o.id = (sent ->> 0)::bigint;
    RETURN NULL;
END
$body$;
CREATE FUNCTION tell_put_back() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    kept json := CASE WHEN TG_OP = 'UPDATE' THEN NEW.orders::json ELSE '[]' END;
BEGIN
    INSERT INTO changes (kind, "row", of, name, status)
    SELECT 'order', o.id, o.tenant, o.external_order_id, 'pending'
    FROM json_array_elements(OLD.orders::json) AS sent JOIN orders o ON o.id = (sent ->> 0)::bigint
    WHERE o.status = 'pending' AND o.id NOT IN (SELECT (left_over ->> 0)::bigint FROM json_array_elements(kept) left_over);
    RETURN NULL;
END
$body$;
CREATE TRIGGER tell_leased AFTER INSERT ON leases FOR EACH ROW EXECUTE FUNCTION tell_leased();
CREATE TRIGGER tell_put_back AFTER UPDATE OF orders OR DELETE ON leases FOR EACH ROW EXECUTE FUNCTION tell_put_back();
ALTER TABLE leases DISABLE TRIGGER tell_leased, DISABLE TRIGGER tell_put_back;
