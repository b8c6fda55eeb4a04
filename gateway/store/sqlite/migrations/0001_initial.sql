-- The inbox: one row an event key. Small, so that a change of status rewrites little; the bytes stand in `bodies`.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,             -- the number of arrival, rising, never used twice
    source TEXT NOT NULL,
    event_id TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0,
    topic TEXT,
    received_at INTEGER NOT NULL,
    occurred_at INTEGER,
    status TEXT NOT NULL,
    reason_code TEXT,
    reason_detail TEXT,
    reason_path TEXT,
    is_dead_letter INTEGER NOT NULL DEFAULT 0,  -- the event itself is set aside, not only an order of it
    duplicates INTEGER NOT NULL DEFAULT 0,
    conflicts INTEGER NOT NULL DEFAULT 0,
    adapter_version TEXT,
    refs TEXT,
    traceback TEXT,
    run INTEGER NOT NULL DEFAULT 0,     -- translations so far; the states of the last one count
    replay INTEGER NOT NULL DEFAULT 0,  -- 1 replayed by hand, 2 with force
    clock INTEGER,                      -- drawn before its lookups were asked
    ended_at INTEGER,
    body_digest BLOB                    -- kept when the body is pruned, so that a repeat is still known as one
) STRICT;
CREATE UNIQUE INDEX events_key ON events (source, event_id, generation);
CREATE INDEX events_received ON events (id) WHERE status = 'received';
-- A status that is asked for implies the one of these that it is; it would not imply an IN.
CREATE INDEX events_open ON events (status, id) WHERE status = 'dead' OR status = 'waiting' OR status = 'translated';
CREATE INDEX events_reason ON events (reason_code) WHERE reason_code IS NOT NULL;
CREATE INDEX events_dead_letters ON events (source, ended_at) WHERE is_dead_letter = 1;

CREATE TABLE sources (
    name TEXT PRIMARY KEY,
    accepted_at INTEGER NOT NULL        -- when it last gave us an event, a repeated one too
) STRICT, WITHOUT ROWID;

CREATE TABLE bodies (
    id INTEGER PRIMARY KEY,             -- the event's
    body BLOB NOT NULL,
    context BLOB NOT NULL
) STRICT;

CREATE TABLE other_bodies (
    event INTEGER NOT NULL,
    kind TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    context BLOB NOT NULL
) STRICT;
CREATE INDEX other_bodies_event ON other_bodies (event);

CREATE TABLE event_references (
    reference TEXT NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (reference, event)
) STRICT, WITHOUT ROWID;

-- What an event said of an order.
CREATE TABLE states (
    id INTEGER PRIMARY KEY,
    event INTEGER NOT NULL,
    run INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    external_order_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    clock INTEGER NOT NULL,
    tie INTEGER NOT NULL,
    arrival INTEGER NOT NULL,
    body BLOB,                          -- canonical bytes; NULL is a cancellation
    status TEXT NOT NULL,
    reason_code TEXT,
    reason_detail TEXT,
    reason_path TEXT
) STRICT;
CREATE INDEX states_event ON states (event);
CREATE INDEX states_reason ON states (reason_code) WHERE reason_code IS NOT NULL;
CREATE INDEX states_order ON states (tenant, external_order_id, event);

-- The outbox: one row an order, holding its newest state; bursts collapse and the newest wins by construction.
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    external_order_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    reason_code TEXT,
    reason_detail TEXT,
    reason_path TEXT,
    state INTEGER NOT NULL,
    is_cancelled INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    tie INTEGER NOT NULL,
    arrival INTEGER NOT NULL,
    digest BLOB,
    must_send INTEGER NOT NULL DEFAULT 0,
    has_twin INTEGER NOT NULL DEFAULT 0,    -- a superseded state may be identical to the newest
    changed_at INTEGER NOT NULL,
    pending_since INTEGER,
    due_at INTEGER NOT NULL DEFAULT 0,
    rests_until INTEGER NOT NULL DEFAULT 0,
    attempted INTEGER NOT NULL DEFAULT 0,   -- 0 surely never applied, 1 maybe, 2 delivered once
    delivered_digest BLOB,                  -- of what was delivered last, while no other state was attempted since
    order_id TEXT,
    is_created INTEGER,
    delivered_at INTEGER,
    lease INTEGER,
    leased_until INTEGER,
    leased_state INTEGER,
    leased_digest BLOB,
    is_alone INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    lone_since INTEGER,
    unconfirmed INTEGER NOT NULL DEFAULT 0,
    trial TEXT NOT NULL DEFAULT 'none',
    ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX orders_key ON orders (tenant, external_order_id);
-- The status is in it so that figures are read from the index alone.
CREATE INDEX orders_due ON orders (tenant, due_at, pending_since, id, status) WHERE status = 'pending';
CREATE INDEX orders_refused ON orders (tenant) WHERE trial = 'refused';
CREATE INDEX orders_leased ON orders (leased_until) WHERE status = 'leased';
CREATE INDEX orders_changed ON orders (changed_at, id);
CREATE INDEX orders_dead ON orders (tenant, ended_at, status) WHERE status = 'dead';
CREATE INDEX orders_set_aside ON orders (status, changed_at, id)
    WHERE status = 'dead' OR status = 'withdrawn' OR status = 'discarded';

CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    http_status INTEGER,
    outcome TEXT NOT NULL,
    detail TEXT,
    batch_size INTEGER NOT NULL,
    milliseconds INTEGER NOT NULL
) STRICT;
CREATE TABLE attempt_orders (
    order_row INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (order_row, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_orders_attempt ON attempt_orders (attempt);

CREATE TABLE tenants (
    name TEXT PRIMARY KEY,
    state BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Events that wait for their lookups, and the answers that came.
CREATE TABLE waiting (
    event INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    turn TEXT NOT NULL,
    subject TEXT NOT NULL,
    lookups BLOB NOT NULL,
    stored_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    failing_since INTEGER
) STRICT;
CREATE INDEX waiting_turn ON waiting (source, turn, due_at);

CREATE TABLE answers (
    event INTEGER NOT NULL,
    path TEXT NOT NULL,
    body BLOB,
    PRIMARY KEY (event, path)
) STRICT, WITHOUT ROWID;
