-- name: orders
SELECT o.received_at, o.id, 0, e.source, o.tenant, o.external_order_id, o.owner, e.id, o.received_at,
       (SELECT substr(f.event_id, 1, 10) = 'reconcile:' FROM events f
        WHERE f.id IN (:of_order(event, o.tenant, o.external_order_id) ORDER BY event LIMIT 1)),
       iif(o.status = 'pending' AND o.id IN (SELECT order_row FROM leased), 'leased', o.status),
       coalesce(o.reason_code, n.reason_code, d.reason_code), coalesce(o.reason_detail, n.reason_detail, d.reason_detail),
       coalesce(o.reason_path, n.reason_path, d.reason_path), l.changed_at, l.asked_at,
       l.clock > o.clock AND l.digest IS NOT o.digest, n.id IS NOT NULL OR d.id IS NOT NULL, o.order_id, o.delivered_at,
       o.clock, o.is_cancelled, o.unconfirmed
FROM orders o INDEXED BY orders_received JOIN states s ON s.id = o.state JOIN events e ON e.id = s.event
LEFT JOIN listed l ON l.id = (SELECT max(x.id) FROM listed x WHERE x.tenant = o.tenant
                              AND x.external_order_id = o.external_order_id AND x.source = e.source)
-- A newer state that could not be made of its event, and a newer event of which none was made. No row began with such a one.
LEFT JOIN states d ON d.id = (
    SELECT max(x.id) FROM states x JOIN events y ON y.id = x.event AND y.run = x.run AND y.is_dead_letter = 1
    WHERE x.tenant = o.tenant AND x.external_order_id = o.external_order_id AND x.begins_order IS NULL AND x.status = 'dead'
      AND x.id <> o.state AND x.reason_code <> 'order_collision'
      AND (x.clock, x.tie, x.arrival) > (o.clock, o.tie, o.arrival))
LEFT JOIN events n ON n.id = (
    SELECT max(k.id) FROM kin JOIN events k ON k.id = kin.kin WHERE kin.event = e.id AND +kin.kin > e.id
      AND (k.is_dead_letter = 1 OR k.status = 'waiting') AND NOT EXISTS (SELECT 1 FROM states x WHERE x.event = k.id))
WHERE o.received_at >= ?1 AND (o.received_at, o.id, 0) > (?1, ?2, ?3) AND o.received_at < ?4
  AND (?5 IS NULL OR e.source = ?5)
ORDER BY o.received_at, o.id LIMIT ?6;

-- name: events
-- What came to its end, or waits, without an order: one row for all that is of one order, by its first, told by its last.
SELECT e.received_at, e.id, coalesce(t.id, 0), e.source, t.tenant, t.external_order_id, t.owner, n.id, e.received_at,
       substr(e.event_id, 1, 10) = 'reconcile:', n.status, coalesce(nt.reason_code, n.reason_code),
       coalesce(nt.reason_detail, n.reason_detail), coalesce(nt.reason_path, n.reason_path), l.changed_at, l.asked_at,
       0, 0, NULL, NULL, NULL, 0, 0
FROM events e INDEXED BY events_unsent
LEFT JOIN states t ON t.event = e.id AND t.run = e.run AND t.status IN ('dead', 'discarded')
LEFT JOIN states nt ON nt.id = (
    SELECT max(x.id) FROM states x JOIN events y ON y.id = x.event AND y.run = x.run AND +y.source = e.source
    WHERE x.id IN (:of_order(id, t.tenant, t.external_order_id)) AND x.owner = t.owner
      AND x.status IN ('dead', 'discarded'))
JOIN events n ON n.id = coalesce(nt.event, (
    SELECT max(kin.kin) FROM kin
    WHERE kin.event = e.id AND +kin.kin > e.id AND NOT EXISTS (SELECT 1 FROM states x WHERE x.event = kin.kin)), e.id)
LEFT JOIN listed l ON l.id = (SELECT max(x.id) FROM listed x WHERE x.source = e.source
                              AND x.subject IN (SELECT value FROM json_each(e.refs)))
WHERE (e.status = 'ignored' OR e.status = 'dead' OR e.status = 'discarded' OR e.status = 'waiting')
  AND e.received_at >= ?1 AND (e.received_at, e.id, coalesce(t.id, 0)) > (?1, ?2, ?3) AND e.received_at < ?4
  AND (?5 IS NULL OR e.source = ?5)
  AND CASE WHEN t.id IS NULL THEN
        NOT EXISTS (SELECT 1 FROM states x WHERE x.event = e.id)
        AND NOT EXISTS (SELECT 1 FROM kin WHERE kin.event = e.id AND +kin.kin <> e.id AND (+kin.kin < e.id OR EXISTS (
            SELECT 1 FROM states x JOIN orders o ON o.tenant = x.tenant AND o.external_order_id = x.external_order_id
            WHERE x.event = kin.kin)))
      ELSE
        (t.reason_code = 'order_collision' OR NOT EXISTS (
            SELECT 1 FROM orders o WHERE o.tenant = t.tenant AND o.external_order_id = t.external_order_id))
        AND NOT EXISTS (
            SELECT 1 FROM states x JOIN events y ON y.id = x.event AND y.run = x.run AND +y.source = e.source
            WHERE x.id IN (:of_order(id, t.tenant, t.external_order_id)) AND x.owner = t.owner
              AND x.status IN ('dead', 'discarded') AND x.id < t.id)
      END
ORDER BY e.received_at, e.id, coalesce(t.id, 0) LIMIT ?6;

-- name: arrivals
-- What nobody has translated yet: no more is known of it.
SELECT e.received_at, e.id, 0, e.source, NULL, NULL, NULL, e.id, e.received_at, substr(e.event_id, 1, 10) = 'reconcile:',
       e.status, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, 0, 0
FROM events e INDEXED BY events_received
WHERE e.status = 'received' AND e.run = 0 AND (e.received_at, e.id, 0) > (?1, ?2, ?3) AND e.received_at < ?4
  AND (?5 IS NULL OR e.source = ?5)
ORDER BY e.received_at, e.id LIMIT ?6;

-- name: listed
-- What the vendor's list had and nothing was ever received of.
SELECT l.changed_at, l.id, 0, l.source, nullif(l.tenant, ''), nullif(l.external_order_id, ''), NULL, NULL, NULL, 0,
       'listed', l.reason_code, l.reason_detail, NULL, l.changed_at, l.asked_at, l.digest IS NOT NULL, 0, NULL, NULL,
       NULL, l.digest IS NULL AND l.reason_code IS NULL, 0
FROM listed l INDEXED BY listed_changed
WHERE l.changed_at >= ?1 AND (l.changed_at, l.id, 0) > (?1, ?2, ?3) AND l.changed_at < ?4 AND (?5 IS NULL OR l.source = ?5)
  AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.tenant = l.tenant AND o.external_order_id = l.external_order_id)
  AND NOT EXISTS (SELECT 1 FROM event_references r JOIN events k ON k.id = r.event AND k.source = l.source
                  WHERE r.reference = l.subject COLLATE NOCASE AND r.reference = l.subject)
ORDER BY l.changed_at, l.id LIMIT ?6;

-- name: askings
SELECT source, turn, since, asked_at FROM askings;
