-- By what anything is found, as typed or ignoring the case of ASCII letters.
CREATE TABLE references_anew (
    reference TEXT NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (reference COLLATE NOCASE, reference, event)
) STRICT, WITHOUT ROWID;
INSERT INTO references_anew SELECT reference, event FROM event_references;
DROP TABLE event_references;
ALTER TABLE references_anew RENAME TO event_references;

CREATE INDEX orders_named ON orders (external_order_id COLLATE NOCASE);
CREATE INDEX orders_known_as ON orders (order_id COLLATE NOCASE) WHERE order_id IS NOT NULL;
-- Of what died before it was an order's.
CREATE INDEX states_set_aside ON states (external_order_id COLLATE NOCASE) WHERE reason_code IS NOT NULL;
-- IDs all in one case are found by the key's index. Only once it was translated, so that no acknowledgement pays for it.
CREATE INDEX events_mixed_case ON events (event_id COLLATE NOCASE)
    WHERE run > 0 AND event_id GLOB '*[a-z]*' AND event_id GLOB '*[A-Z]*';
