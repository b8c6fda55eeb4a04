-- name: listen
-- Temporary: of this connection alone, in memory, undone with its transaction, and there only while somebody listens.
-- Of a name that no table has: within this connection it would stand in front of it.
-- No INSERT of events or orders is told by a trigger: their ids rise.
CREATE TEMP TABLE noted (kind, id, of, name, status, code, counts);
CREATE TEMP TRIGGER tell_event AFTER UPDATE OF status, reason_code ON main.events
WHEN NEW.status <> OLD.status OR NEW.reason_code IS NOT OLD.reason_code
BEGIN
    INSERT INTO noted VALUES ('event', NEW.id, NEW.source, NEW.event_id, NEW.status, NEW.reason_code, NULL);
END;
CREATE TEMP TRIGGER tell_order AFTER UPDATE OF status, reason_code ON main.orders
WHEN NEW.status <> OLD.status OR NEW.reason_code IS NOT OLD.reason_code
BEGIN
    INSERT INTO noted VALUES ('order', NEW.id, NEW.tenant, NEW.external_order_id, NEW.status, NEW.reason_code, NULL);
END;
-- Leased when its lease begins; pending when that ends and nothing else came of it.
CREATE TEMP TRIGGER tell_leased AFTER INSERT ON main.leases
BEGIN
    INSERT INTO noted SELECT 'order', o.id, o.tenant, o.external_order_id, 'leased', NULL, NULL
    FROM json_each(NEW.orders) sent JOIN orders o ON o.id = sent.value ->> 0;
END;
CREATE TEMP TRIGGER tell_put_back AFTER DELETE ON main.leases
BEGIN
    INSERT INTO noted SELECT 'order', o.id, o.tenant, o.external_order_id, 'pending', NULL, NULL
    FROM json_each(OLD.orders) sent JOIN orders o ON o.id = sent.value ->> 0 WHERE o.status = 'pending';
END;
CREATE TEMP TRIGGER tell_put_back_of AFTER UPDATE OF orders ON main.leases
BEGIN
    INSERT INTO noted SELECT 'order', o.id, o.tenant, o.external_order_id, 'pending', NULL, NULL
    FROM json_each(OLD.orders) sent JOIN orders o ON o.id = sent.value ->> 0
    WHERE o.status = 'pending' AND o.id NOT IN (SELECT kept.value ->> 0 FROM json_each(NEW.orders) kept);
END;
CREATE TEMP TRIGGER tell_tenant_begun AFTER INSERT ON main.tenants
BEGIN
    INSERT INTO noted SELECT 'tenant', 0, NEW.name, '', coalesce(CAST(NEW.state AS TEXT) ->> 'status', 'active'),
                            CAST(NEW.state AS TEXT) ->> '$.reason.code', NULL;
END;
CREATE TEMP TRIGGER tell_tenant AFTER UPDATE OF state, hand ON main.tenants
WHEN NEW.halted_at IS NOT OLD.halted_at OR NEW.halt_code IS NOT OLD.halt_code OR NEW.halted_at IS NULL AND (
    (CAST(NEW.state AS TEXT) ->> 'status') IS NOT (CAST(OLD.state AS TEXT) ->> 'status')
    OR (CAST(NEW.state AS TEXT) ->> '$.reason.code') IS NOT (CAST(OLD.state AS TEXT) ->> '$.reason.code'))
BEGIN
    INSERT INTO noted SELECT 'tenant', 0, NEW.name, '',
                            iif(NEW.halted_at IS NULL, coalesce(CAST(NEW.state AS TEXT) ->> 'status', 'active'), 'halted'),
                            iif(NEW.halted_at IS NULL, CAST(NEW.state AS TEXT) ->> '$.reason.code', NEW.halt_code), NULL;
END;
CREATE TEMP TRIGGER tell_operation AFTER UPDATE OF status, done, failed, skipped ON main.operations
WHEN NEW.status IS NOT NULL
BEGIN
    INSERT INTO noted SELECT 'operation', NEW.id, NEW.kind, '', NEW.status, NULL,
                            json_array(NEW.total, NEW.done, NEW.failed, NEW.skipped);
END;

-- name: rest
DROP TRIGGER IF EXISTS temp.tell_event;
DROP TRIGGER IF EXISTS temp.tell_order;
DROP TRIGGER IF EXISTS temp.tell_leased;
DROP TRIGGER IF EXISTS temp.tell_put_back;
DROP TRIGGER IF EXISTS temp.tell_put_back_of;
DROP TRIGGER IF EXISTS temp.tell_tenant_begun;
DROP TRIGGER IF EXISTS temp.tell_tenant;
DROP TRIGGER IF EXISTS temp.tell_operation;
DROP TABLE IF EXISTS temp.noted;

-- name: begun_events
-- As each began: what became of it since was written down by the trigger. As one text: rows cost three times as much.
SELECT max(id), count(*), json_group_array(json_array('event', id, source, event_id, iif(run = 0 AND status = 'dead', status, 'received'),
                                            iif(run = 0 AND status = 'dead', reason_code, NULL), NULL))
FROM events WHERE id > ?;

-- name: begun_orders
-- Withdrawn: a tombstone, whose first state was a cancellation.
SELECT max(id), count(*), json_group_array(json_array('order', id, tenant, external_order_id, iif(
    status = 'withdrawn' AND NOT EXISTS (
        SELECT 1 FROM states s WHERE s.id IN (:of_order(id, o.tenant, o.external_order_id)) AND s.id < o.state),
    status, 'pending'), NULL, NULL))
FROM orders o WHERE id > ?;

-- name: told
SELECT count(*), json_group_array(json_array(kind, id, of, name, status, code, counts))
FROM (SELECT kind, id, of, name, status, code, counts FROM temp.noted ORDER BY rowid);

-- name: forget
DELETE FROM temp.noted;
