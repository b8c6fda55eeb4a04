-- Who is in shadow, and what a promotion decided; a source that is plainly live has no row.
CREATE TABLE source_modes (
    source TEXT PRIMARY KEY,
    mode TEXT NOT NULL,                 -- live or shadow
    replaces TEXT,
    second TEXT,                        -- an adapter that looks on while another is live
    since INTEGER NOT NULL,
    is_decided INTEGER NOT NULL         -- by a promotion; else by the file
) STRICT, WITHOUT ROWID;

-- Whose orders a promoted source has taken over; each order's owner follows when its next state comes.
CREATE TABLE source_heirs (
    source TEXT NOT NULL,
    of TEXT NOT NULL,
    PRIMARY KEY (source, of)
) STRICT, WITHOUT ROWID;

-- How an order compares: one row an order that a shadow, or what it is compared with, has told of.
CREATE TABLE shadows (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    tenant TEXT NOT NULL,
    external_order_id TEXT NOT NULL,
    here BLOB,                          -- the digest of the shadow's newest state; empty: cancelled; NULL: it has none
    there BLOB,                         -- the live one's
    clock INTEGER,                      -- the version of the shadow's
    tie INTEGER,
    arrival INTEGER,
    event INTEGER,
    state INTEGER,
    verdict TEXT NOT NULL,
    members TEXT,                       -- a JSON list of those that differ
    example TEXT,                       -- of some: a JSON list of [member, there, here]
    first_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX shadows_key ON shadows (source, tenant, external_order_id);
CREATE INDEX shadows_verdict ON shadows (source, verdict, first_at);
CREATE INDEX shadows_examples ON shadows (source) WHERE example IS NOT NULL;
CREATE INDEX shadows_order ON shadows (tenant, external_order_id);

-- Events that became no order in shadow, by code.
CREATE TABLE shadow_reasons (
    source TEXT NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (source, code)
) STRICT, WITHOUT ROWID;

-- `shadowed` is an end like the others.
DROP TRIGGER events_end;
DROP TRIGGER events_reopen;
DROP TRIGGER events_leave;
CREATE TRIGGER events_end AFTER UPDATE OF source, status ON events
WHEN NEW.status = 'delivered' OR NEW.status = 'superseded' OR NEW.status = 'withdrawn' OR NEW.status = 'ignored'
    OR NEW.status = 'discarded' OR NEW.status = 'shadowed'
BEGIN
    INSERT INTO tallies VALUES ('event', NEW.source, NEW.status, 1)
    ON CONFLICT (kind, name, status) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER events_reopen AFTER UPDATE OF source, status ON events
WHEN OLD.status = 'delivered' OR OLD.status = 'superseded' OR OLD.status = 'withdrawn' OR OLD.status = 'ignored'
    OR OLD.status = 'discarded' OR OLD.status = 'shadowed'
BEGIN
    UPDATE tallies SET count = count - 1 WHERE kind = 'event' AND name = OLD.source AND status = OLD.status;
END;
CREATE TRIGGER events_leave AFTER DELETE ON events
WHEN OLD.status = 'delivered' OR OLD.status = 'superseded' OR OLD.status = 'withdrawn' OR OLD.status = 'ignored'
    OR OLD.status = 'discarded' OR OLD.status = 'shadowed'
BEGIN
    UPDATE tallies SET count = count - 1 WHERE kind = 'event' AND name = OLD.source AND status = OLD.status;
END;
