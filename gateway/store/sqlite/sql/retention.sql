-- name: window_of_events
SELECT max(id) FROM (SELECT id FROM events WHERE id > ? ORDER BY id LIMIT ?);

-- name: window_of_orders
SELECT max(id) FROM (SELECT id FROM orders WHERE id > ? ORDER BY id LIMIT ?);

-- name: window_of_attempts
SELECT max(id) FROM (SELECT id FROM attempts WHERE id > ? ORDER BY id LIMIT ?);

-- name: window_of_operations
SELECT max(id) FROM (SELECT id FROM operations WHERE id > ? ORDER BY id LIMIT ?);

-- name: old_operations
-- Those that ended, and those that were never made whole.
SELECT id, 0 FROM operations WHERE id BETWEEN ?1 AND ?2 AND coalesce(ended_at, iif(status IS NULL, started_at, NULL)) < ?3;

-- name: delete_items
DELETE FROM operation_items
WHERE (operation, place) IN (SELECT operation, place FROM operation_items
                             WHERE operation IN (SELECT value FROM json_each(?1)) LIMIT ?2);

-- name: delete_operations
DELETE FROM operations WHERE id IN (SELECT value FROM json_each(?1));

-- name: window_of_shadows
SELECT max(id) FROM (SELECT id FROM shadows WHERE id > ? ORDER BY id LIMIT ?);

-- name: old_shadows
-- They go with the bodies: what shows two sides of an order is no older than these.
SELECT id, 0 FROM shadows WHERE id BETWEEN ?1 AND ?2 AND changed_at < ?3;

-- name: delete_shadows
DELETE FROM shadows WHERE id IN (SELECT value FROM json_each(?1));

-- name: window_of_audit
SELECT max(id) FROM (SELECT id FROM audit WHERE id > ? ORDER BY id LIMIT ?);

-- name: old_acts
SELECT id, 0 FROM audit WHERE id BETWEEN ?1 AND ?2 AND at < ?3;

-- name: delete_audit
DELETE FROM audit WHERE id IN (SELECT value FROM json_each(?1));

-- name: window_of_learned
SELECT max(id) FROM (SELECT id FROM learned WHERE id > ? ORDER BY id LIMIT ?);

-- name: old_learned
SELECT id, 0 FROM learned WHERE id BETWEEN ?1 AND ?2 AND at < ?3;

-- name: delete_learned
DELETE FROM learned WHERE id IN (SELECT value FROM json_each(?1));

-- name: window_of_recovered
SELECT max(id) FROM (SELECT id FROM recovered WHERE id > ? ORDER BY id LIMIT ?);

-- name: old_recovered
SELECT id, 0 FROM recovered WHERE id BETWEEN ?1 AND ?2 AND hour < ?3;

-- name: delete_recovered
DELETE FROM recovered WHERE id IN (SELECT value FROM json_each(?1));

-- name: window_of_other_bodies
SELECT max(rowid) FROM (SELECT rowid FROM other_bodies WHERE rowid > ? ORDER BY rowid LIMIT ?);

-- name: old_other_bodies
-- They go before the body beside which they stand, and with its event where they came after that body went.
SELECT o.rowid, length(o.body) FROM other_bodies o JOIN events e ON e.id = o.event
WHERE o.rowid BETWEEN ?1 AND ?2 AND e.ended_at IS NOT NULL
  AND e.ended_at < iif(e.body_digest IS NOT NULL, ?5, iif(e.status = 'dead', ?4, ?3));

-- name: delete_other_bodies
DELETE FROM other_bodies WHERE rowid IN (SELECT value FROM json_each(?1));

-- name: old_bodies
-- Events that ended and have a body; a dead letter keeps its body for longer.
SELECT e.id, coalesce(length(b.body), 0) FROM events e LEFT JOIN bodies b ON b.id = e.id
WHERE e.id BETWEEN ?1 AND ?2 AND e.ended_at IS NOT NULL AND e.body_digest IS NULL
  AND e.ended_at < iif(e.status = 'dead', ?4, ?3);

-- name: old_events
-- Events without a body, on none of whose states an order rests. The first generation of a key goes last, since a
-- repeat is found by it.
SELECT e.id, 0 FROM events e
WHERE e.id BETWEEN ?1 AND ?2 AND e.ended_at IS NOT NULL AND e.body_digest IS NOT NULL AND e.ended_at < ?3
  AND (e.generation > 0 OR NOT EXISTS (SELECT 1 FROM events n WHERE n.source = e.source AND n.event_id = e.event_id
                                       AND n.generation > 0))
  AND NOT EXISTS (SELECT 1 FROM states s JOIN orders o ON o.tenant = s.tenant
                  AND o.external_order_id = s.external_order_id AND o.state = s.id
                  WHERE s.event = e.id)
  AND NOT EXISTS (SELECT 1 FROM states s JOIN leased l ON l.state = s.id WHERE s.event = e.id);

-- name: remember_states
-- The next numbers are counted from the highest, which may be among those that go.
INSERT INTO counters (name, value)
SELECT 'states', highest FROM (SELECT max(id) AS highest FROM states WHERE event IN (SELECT value FROM json_each(?1))) WHERE highest IS NOT NULL
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value);

-- name: remember
INSERT INTO counters (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value);

-- name: delete_states
DELETE FROM states WHERE id IN (SELECT id FROM states WHERE event IN (SELECT value FROM json_each(?1)) LIMIT ?2);

-- name: delete_events
DELETE FROM events WHERE id IN (SELECT value FROM json_each(?1));

-- name: old_orders
SELECT id, 0 FROM orders
WHERE id BETWEEN ?1 AND ?2 AND ended_at IS NOT NULL AND ended_at < iif(status = 'dead', min(?3, ?4), ?3);

-- name: delete_order_records
DELETE FROM order_records WHERE (tenant, external_order_id) IN (
    SELECT tenant, external_order_id FROM orders WHERE id IN (SELECT value FROM json_each(?1)));

-- name: delete_orders
DELETE FROM orders WHERE id IN (SELECT value FROM json_each(?1));

-- name: delete_links_of_orders
DELETE FROM attempt_orders WHERE order_row IN (SELECT value FROM json_each(?1));

-- name: window_of_listed
SELECT max(id) FROM (SELECT id FROM listed WHERE id > ? ORDER BY id LIMIT ?);

-- name: old_listed
-- As long as there is an order its row of the vendor's list is there: without it the order would seem to be here alone.
SELECT l.id, 0 FROM listed l WHERE l.id BETWEEN ?1 AND ?2 AND l.asked_at < ?3
  AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.tenant = l.tenant AND o.external_order_id = l.external_order_id);

-- name: delete_listed
DELETE FROM listed WHERE id IN (SELECT value FROM json_each(?1));

-- name: old_attempts
SELECT a.id, 0 FROM attempts a
WHERE a.id BETWEEN ?1 AND ?2 AND coalesce(a.last_at, a.at) < ?3
  AND NOT EXISTS (SELECT 1 FROM attempt_orders l JOIN orders o ON o.id = l.order_row
                  WHERE l.attempt = a.id AND (o.ended_at IS NULL OR o.ended_at >= ?3));

-- name: delete_links_of_attempts
DELETE FROM attempt_orders WHERE attempt IN (SELECT value FROM json_each(?1));

-- name: delete_attempts
DELETE FROM attempts WHERE id IN (SELECT value FROM json_each(?1));

-- name: free_pages
PRAGMA freelist_count;

-- name: give_back
PRAGMA incremental_vacuum(64);
