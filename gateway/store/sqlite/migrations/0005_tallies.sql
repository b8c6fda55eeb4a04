-- How many events and orders have ended, by status: counting them would read both tables whole. What is open or dead is
-- few, and is counted in the index of its status.
CREATE TABLE tallies (
    kind TEXT NOT NULL,                 -- event or order
    name TEXT NOT NULL,                 -- the event's source, the order's tenant
    status TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (kind, name, status)
) STRICT, WITHOUT ROWID;
INSERT INTO tallies SELECT 'event', source, status, count(*) FROM events
WHERE status IN ('delivered', 'superseded', 'withdrawn', 'ignored', 'discarded') GROUP BY source, status;
INSERT INTO tallies SELECT 'order', tenant, status, count(*) FROM orders
WHERE status IN ('delivered', 'withdrawn', 'discarded') GROUP BY tenant, status;

-- No event is received with one of these statuses: a hook's own transaction counts nothing.
-- Each status is spelt out, since an IN of more than two builds a table of them for every row.
CREATE TRIGGER events_end AFTER UPDATE OF source, status ON events
WHEN NEW.status = 'delivered' OR NEW.status = 'superseded' OR NEW.status = 'withdrawn' OR NEW.status = 'ignored'
    OR NEW.status = 'discarded'
BEGIN
    INSERT INTO tallies VALUES ('event', NEW.source, NEW.status, 1)
    ON CONFLICT (kind, name, status) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER events_reopen AFTER UPDATE OF source, status ON events
WHEN OLD.status = 'delivered' OR OLD.status = 'superseded' OR OLD.status = 'withdrawn' OR OLD.status = 'ignored'
    OR OLD.status = 'discarded'
BEGIN
    UPDATE tallies SET count = count - 1 WHERE kind = 'event' AND name = OLD.source AND status = OLD.status;
END;
CREATE TRIGGER events_leave AFTER DELETE ON events
WHEN OLD.status = 'delivered' OR OLD.status = 'superseded' OR OLD.status = 'withdrawn' OR OLD.status = 'ignored'
    OR OLD.status = 'discarded'
BEGIN
    UPDATE tallies SET count = count - 1 WHERE kind = 'event' AND name = OLD.source AND status = OLD.status;
END;

-- A tombstone is the only order that begins with its end.
CREATE TRIGGER orders_begin AFTER INSERT ON orders
WHEN NEW.status = 'withdrawn'
BEGIN
    INSERT INTO tallies VALUES ('order', NEW.tenant, NEW.status, 1)
    ON CONFLICT (kind, name, status) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER orders_end AFTER UPDATE OF status ON orders
WHEN NEW.status = 'delivered' OR NEW.status = 'withdrawn' OR NEW.status = 'discarded'
BEGIN
    INSERT INTO tallies VALUES ('order', NEW.tenant, NEW.status, 1)
    ON CONFLICT (kind, name, status) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER orders_reopen AFTER UPDATE OF status ON orders
WHEN OLD.status = 'delivered' OR OLD.status = 'withdrawn' OR OLD.status = 'discarded'
BEGIN
    UPDATE tallies SET count = count - 1 WHERE kind = 'order' AND name = OLD.tenant AND status = OLD.status;
END;
CREATE TRIGGER orders_leave AFTER DELETE ON orders
WHEN OLD.status = 'delivered' OR OLD.status = 'withdrawn' OR OLD.status = 'discarded'
BEGIN
    UPDATE tallies SET count = count - 1 WHERE kind = 'order' AND name = OLD.tenant AND status = OLD.status;
END;
