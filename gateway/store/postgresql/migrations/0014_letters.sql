-- works with: 13
-- Each kind by itself, so that the newest of it are found by its index; what was set aside is both.
CREATE VIEW letters_of_events AS
SELECT 'event' AS kind, e.id AS id, e.source AS source, e.event_id AS event_id,
    (SELECT s.tenant FROM states s WHERE s.event = e.id AND s.run = e.run AND s.reason_code IS NOT NULL
     ORDER BY s.id LIMIT 1) AS tenant,
    (SELECT s.external_order_id FROM states s WHERE s.event = e.id AND s.run = e.run AND s.reason_code IS NOT NULL
     ORDER BY s.id LIMIT 1) AS external_order_id,
    e.reason_code AS code, e.reason_detail AS detail, e.reason_path AS path,
    e.ended_at AS at
FROM events e WHERE e.is_dead_letter = 1;
CREATE VIEW letters_of_orders AS
SELECT 'order' AS kind, o.id AS id, e.source AS source, e.event_id AS event_id, o.tenant AS tenant,
    o.external_order_id AS external_order_id, o.reason_code AS code, o.reason_detail AS detail,
    o.reason_path AS path, o.ended_at AS at
FROM orders o JOIN states s ON s.id = o.state LEFT JOIN events e ON e.id = s.event WHERE o.status = 'dead';
CREATE OR REPLACE VIEW letters AS
SELECT kind, id, source, event_id, tenant, external_order_id, code, detail, path, at FROM letters_of_events
UNION ALL
SELECT kind, id, source, event_id, tenant, external_order_id, code, detail, path, at FROM letters_of_orders;
