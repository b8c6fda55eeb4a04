-- name: tenant
SELECT state, hand, halted_at, halt_code, halt_detail FROM tenants WHERE name = ?;

-- name: hand
SELECT hand, halted_at FROM tenants WHERE name = ?;

-- name: begin
INSERT INTO tenants (name, state) VALUES (?, ?) ON CONFLICT (name) DO NOTHING;

-- name: save
INSERT INTO tenants (name, state) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET state = excluded.state;

-- name: halt
UPDATE tenants SET hand = hand + 1, halted_at = ?, halt_code = ?, halt_detail = ? WHERE name = ?;

-- name: resume
UPDATE tenants SET hand = hand + 1, halted_at = NULL, halt_code = NULL, halt_detail = NULL, state = ? WHERE name = ?;

-- name: all
SELECT name, state, hand, halted_at, halt_code, halt_detail FROM tenants;
