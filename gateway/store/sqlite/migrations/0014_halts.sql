-- What a person says of a tenant, apart from what deliveries make of it: `hand` counts the commands.
ALTER TABLE tenants ADD COLUMN hand INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN halted_at INTEGER;
ALTER TABLE tenants ADD COLUMN halt_code TEXT;
ALTER TABLE tenants ADD COLUMN halt_detail TEXT;
UPDATE tenants SET hand = 1, halted_at = coalesce(CAST(state AS TEXT) ->> '$.halted_at', 0),
                   halt_code = coalesce(CAST(state AS TEXT) ->> '$.reason.code', 'halted_by_hand'),
                   halt_detail = coalesce(CAST(state AS TEXT) ->> '$.reason.detail', ''),
                   state = CAST(json_remove(CAST(state AS TEXT), '$.is_halted_by_hand') AS BLOB)
WHERE CAST(state AS TEXT) ->> '$.is_halted_by_hand';
