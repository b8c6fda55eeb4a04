-- name: tenant
SELECT state, hand, halted_at, halt_code, halt_detail FROM tenants WHERE name = $1;

-- name: hand
SELECT hand, halted_at FROM tenants WHERE name = $1;

-- name: begin
INSERT INTO tenants (name, state) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING;

-- name: save
INSERT INTO tenants (name, state) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET state = excluded.state;

-- name: halt
UPDATE tenants SET hand = hand + 1, halted_at = $1, halt_code = $2, halt_detail = $3 WHERE name = $4;

-- name: resume
UPDATE tenants SET hand = hand + 1, halted_at = NULL, halt_code = NULL, halt_detail = NULL, state = $1 WHERE name = $2;

-- name: all
SELECT name, state, hand, halted_at, halt_code, halt_detail FROM tenants;
