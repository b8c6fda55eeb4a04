-- name: again
-- The last attempt of all of these orders, and of no other, if they have had some, and it was like this one.
UPDATE attempts SET times = times + 1, last_at = ?9, milliseconds = ?10
WHERE id = (SELECT CASE WHEN min(last) = max(last) AND count(*) = ?2 AND min(tries) >= ?3 THEN min(last) END
            FROM (SELECT max(attempt) AS last, count(*) AS tries FROM attempt_orders
                  WHERE order_row IN (SELECT value FROM json_each(?1)) GROUP BY order_row) AS lasts)
  AND kind = ?4 AND http_status IS ?5 AND outcome = ?6 AND detail IS ?7 AND batch_size = ?8
  AND (SELECT count(*) FROM attempt_orders WHERE attempt = attempts.id) = ?2;

-- name: insert
INSERT INTO attempts (tenant, at, kind, http_status, outcome, detail, batch_size, milliseconds)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id;

-- name: insert_orders
INSERT INTO attempt_orders (order_row, attempt) SELECT * FROM (VALUES :rows) WHERE column1 IS NOT NULL;

-- name: forget
DELETE FROM attempt_orders
WHERE (order_row, attempt) IN (
    SELECT old.order_row, old.attempt FROM json_each(?1) asked JOIN attempt_orders old ON old.order_row = asked.value
    WHERE old.attempt <= (SELECT attempt FROM attempt_orders newer WHERE newer.order_row = asked.value
                          ORDER BY attempt DESC LIMIT 1 OFFSET ?2));
