-- The day ledger: an order's first receipt, what came of which no order came, and what vendors' lists named.
ALTER TABLE orders ADD COLUMN received_at INTEGER NOT NULL DEFAULT 0;
UPDATE orders SET received_at = coalesce(
    (SELECT min(e.received_at) FROM states s JOIN events e ON e.id = s.event
     WHERE s.tenant = orders.tenant AND s.external_order_id = orders.external_order_id
       AND s.reason_code IS NOT 'order_collision'), changed_at);
CREATE INDEX orders_received ON orders (received_at, id);
CREATE INDEX events_unsent ON events (received_at, id)
    WHERE status = 'ignored' OR status = 'dead' OR status = 'discarded' OR status = 'waiting';

-- A record of a vendor's list as it was last named, by what it would be at Trackely ('': no order).
CREATE TABLE listed (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    subject TEXT NOT NULL,              -- the vendor's id of it
    tenant TEXT NOT NULL,
    external_order_id TEXT NOT NULL,
    changed_at INTEGER NOT NULL,        -- at the vendor's, as far as it says
    asked_at INTEGER NOT NULL,
    clock INTEGER,                      -- under which it was news when it was listed; NULL: it was none
    digest BLOB,                        -- of its canonical bytes; NULL: a cancellation, or no order
    reason_code TEXT,                   -- why no order would come of it
    reason_detail TEXT
) STRICT;
CREATE UNIQUE INDEX listed_key ON listed (source, subject, tenant, external_order_id);
CREATE INDEX listed_order ON listed (tenant, external_order_id);
CREATE INDEX listed_changed ON listed (changed_at, id);

-- Of which span of changes a vendor's list was read whole, and when.
CREATE TABLE askings (
    source TEXT NOT NULL,
    turn TEXT NOT NULL,
    since INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    PRIMARY KEY (source, turn)
) STRICT, WITHOUT ROWID;

-- Events that are of one order by their references: those of one are all among the other's. The newest of each
-- reference count: a reference that many orders share tells nothing.
CREATE VIEW kin AS
SELECT e.id AS event, k.id AS kin
FROM events e CROSS JOIN json_each(e.refs) mine
CROSS JOIN events k ON +k.source = e.source AND k.id IN (
    SELECT r.event FROM event_references r WHERE r.reference = mine.value COLLATE NOCASE AND r.reference = mine.value
    ORDER BY r.event DESC LIMIT 50)
WHERE NOT EXISTS (SELECT 1 FROM json_each(k.refs) theirs
                  WHERE theirs.value NOT IN (SELECT value FROM json_each(e.refs)))
   OR NOT EXISTS (SELECT 1 FROM json_each(e.refs) ours
                  WHERE ours.value NOT IN (SELECT value FROM json_each(k.refs)));
