-- name: event_source
-- Not through the key's index (`+`), which is in another order; a source that never sent anything is soon told.
+e.source = ?1 AND EXISTS (SELECT 1 FROM events WHERE source = ?1);

-- name: event_event_id
-- Looked up in the key's index, which begins with the source: steps from one to the next, however many rows each has.
e.id IN (SELECT id FROM events WHERE source IN (
        WITH RECURSIVE t (name) AS (SELECT min(source) FROM events UNION ALL
        SELECT (SELECT min(source) FROM events WHERE source > t.name) FROM t WHERE t.name IS NOT NULL)
        SELECT name FROM t WHERE name IS NOT NULL) AND event_id = ?1);

-- name: event_reference
e.id IN (SELECT event FROM event_references WHERE reference = ?1 COLLATE NOCASE AND reference = ?1);

-- name: event_external_order_id
-- As with events' ids: by the tenants that states have by their orders' names, and by those that orders have.
e.id IN (SELECT event FROM states WHERE begins_order IS NULL AND tenant IN (
        WITH RECURSIVE t (name) AS (SELECT min(tenant) FROM states WHERE begins_order IS NULL UNION ALL
        SELECT (SELECT min(tenant) FROM states WHERE begins_order IS NULL AND tenant > t.name) FROM t WHERE t.name IS NOT NULL)
        SELECT name FROM t WHERE name IS NOT NULL) AND external_order_id = ?1
        UNION SELECT states.event FROM orders JOIN states ON states.id = orders.begun_with WHERE orders.tenant IN (
        WITH RECURSIVE t (name) AS (SELECT min(tenant) FROM orders UNION ALL
        SELECT (SELECT min(tenant) FROM orders WHERE tenant > t.name) FROM t WHERE t.name IS NOT NULL)
        SELECT name FROM t WHERE name IS NOT NULL) AND orders.external_order_id = ?1);

-- name: event_code
e.id IN (SELECT id FROM events WHERE reason_code = ?1 UNION SELECT s.event FROM states s
        JOIN events n ON n.id = s.event AND n.run = s.run WHERE s.reason_code = ?1);

-- name: event_since
e.received_at >= ?1;

-- name: event_until
e.received_at < ?1;

-- name: event_tenant
(EXISTS (SELECT 1 FROM states s WHERE s.event = e.id AND s.tenant = ?1) OR
 +e.source IN (SELECT value FROM json_each(?2)) AND NOT EXISTS (SELECT 1 FROM states s WHERE s.event = e.id));

-- name: event_before
e.id < ?1;

-- name: event_is_received
e.status = 'received';

-- name: event_is_waiting
e.status = 'waiting';

-- name: event_is_translated
e.status = 'translated';

-- name: event_is_ignored
e.status = 'ignored';

-- name: event_is_delivered
e.status = 'delivered';

-- name: event_is_superseded
e.status = 'superseded';

-- name: event_is_withdrawn
e.status = 'withdrawn';

-- name: event_is_dead
e.status = 'dead';

-- name: event_is_discarded
e.status = 'discarded';

-- name: event_is_shadowed
e.status = 'shadowed';

-- name: order_tenant
-- As with events' sources: in the order of the list, not of the key.
+o.tenant = ?1 AND EXISTS (SELECT 1 FROM orders WHERE tenant = ?1);

-- name: order_q
-- A part of the name is looked for in the key's index alone.
o.id IN (SELECT id FROM orders WHERE instr(external_order_id, ?1) > 0 UNION
         SELECT found.id FROM event_references r JOIN states s ON s.event = r.event
         JOIN orders found ON found.tenant = s.tenant AND found.external_order_id = s.external_order_id
         WHERE r.reference = ?1 COLLATE NOCASE AND r.reference = ?1);

-- name: order_before
(o.changed_at, o.id) < (?1, ?2);

-- name: order_is_pending
o.status = 'pending' AND o.id NOT IN (SELECT order_row FROM leased);

-- name: order_is_leased
o.id IN (SELECT order_row FROM leased);

-- name: order_is_delivered
o.status = 'delivered';

-- name: order_is_withdrawn
o.status = 'withdrawn';

-- name: order_is_dead
o.status = 'dead';

-- name: order_is_discarded
o.status = 'discarded';

-- name: letter_kind
kind = ?1;

-- name: letter_source
source = ?1;

-- name: letter_code
code = ?1;

-- name: letter_event_id
event_id = ?1;

-- name: letter_external_order_id
external_order_id = ?1;

-- name: letter_since
at >= ?1;

-- name: letter_until
at < ?1;

-- name: letter_tenant
(tenant = ?1 OR tenant IS NULL AND source IN (SELECT value FROM json_each(?2)));

-- name: letter_before
(at, kind = 'order', id) < (?1, ?2, ?3);

-- name: act_by
by = ?1;

-- name: act_act
act = ?1;

-- name: act_since
at >= ?1;

-- name: act_until
at < ?1;

-- name: act_before
id < ?1;
