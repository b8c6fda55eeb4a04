-- Under which id an order's record at the vendor is known to Trackely, so that a renamed order is said, not doubled.
CREATE TABLE order_records (
    source TEXT NOT NULL,
    record TEXT NOT NULL,
    tenant TEXT NOT NULL,
    external_order_id TEXT NOT NULL,
    PRIMARY KEY (source, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_records_order ON order_records (tenant, external_order_id);
