-- Which orders were erased, and when: a backup that is restored tells by it which erasures it has not seen.
CREATE TABLE erasures (
    tenant TEXT NOT NULL,
    external_order_id TEXT NOT NULL,
    erased_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, external_order_id, erased_at)
) STRICT, WITHOUT ROWID;
