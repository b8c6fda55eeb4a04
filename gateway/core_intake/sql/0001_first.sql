-- Times are microseconds since 1970-01-01 UTC.

CREATE TABLE integrations (
    tenant           TEXT    NOT NULL PRIMARY KEY,
    secret_hash      BLOB    NOT NULL, -- sha256 of the secret that is valid now
    configured_hash  BLOB,             -- sha256 of the secret that the configuration named last
    is_active        INTEGER NOT NULL,
    connected_at     INTEGER NOT NULL,
    last_received_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE customers (
    number      INTEGER PRIMARY KEY,
    tenant      TEXT    NOT NULL, -- '' is the configuration's own: every tenant knows it
    customer_id TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    contact     TEXT    NOT NULL,
    address     TEXT,
    address_key TEXT,             -- the address without its accidents of spacing and case
    latitude    REAL,
    longitude   REAL,
    geocoded_at INTEGER,
    created_at  INTEGER NOT NULL,
    UNIQUE (tenant, customer_id)
) STRICT;

CREATE INDEX customers_by_address ON customers (tenant, address_key);

CREATE INDEX customers_not_geocoded ON customers (number) WHERE geocoded_at IS NULL AND address IS NOT NULL;

CREATE TABLE orders (
    number            INTEGER PRIMARY KEY,
    tenant            TEXT    NOT NULL,
    external_order_id TEXT    NOT NULL,
    order_id          TEXT    NOT NULL,
    customer          INTEGER NOT NULL REFERENCES customers (number),
    delivery_address  TEXT,
    total_weight      REAL,
    volume            REAL,
    pallet_count      INTEGER,
    special_handling  TEXT,       -- a JSON array
    planned_date      TEXT,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    UNIQUE (tenant, external_order_id)
) STRICT;

CREATE INDEX orders_by_number ON orders (tenant, number);

CREATE INDEX orders_by_planned_date ON orders (tenant, planned_date, number);

CREATE TABLE pull_endpoints (
    endpoint_id       TEXT    NOT NULL PRIMARY KEY,
    tenant            TEXT    NOT NULL,
    url               TEXT    NOT NULL,
    method            TEXT    NOT NULL,
    every_seconds     REAL,
    generation        INTEGER NOT NULL, -- the secret is derived from the id and this, never stored
    created_at        INTEGER NOT NULL,
    last_attempt_at   INTEGER,
    last_succeeded_at INTEGER,
    last_processed    INTEGER,
    last_failed_at    INTEGER,
    last_error        TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX pull_endpoints_by_tenant ON pull_endpoints (tenant, created_at);
