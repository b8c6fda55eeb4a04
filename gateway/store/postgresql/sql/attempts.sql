-- name: again
-- The last attempt of all of these orders, and of no other, if they have had some, and it was like this one.
UPDATE attempts SET times = times + 1, last_at = $9, milliseconds = $10
WHERE id = (SELECT CASE WHEN min(last) = max(last) AND count(*) = $2::bigint AND min(tries) >= $3::bigint THEN min(last) END
            FROM (SELECT max(attempt) AS last, count(*) AS tries FROM attempt_orders
                  WHERE order_row = ANY($1::bigint[]) GROUP BY order_row) AS lasts)
  AND kind = $4 AND http_status IS NOT DISTINCT FROM $5::bigint AND outcome = $6 AND detail IS NOT DISTINCT FROM $7::text AND batch_size = $8
  AND (SELECT count(*) FROM attempt_orders WHERE attempt = attempts.id) = $2::bigint;

-- name: insert
INSERT INTO attempts (tenant, at, kind, http_status, outcome, detail, batch_size, milliseconds)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id;

-- name: insert_orders
INSERT INTO attempt_orders (order_row, attempt) SELECT * FROM (VALUES :rows bigint, bigint);

-- name: forget
DELETE FROM attempt_orders
WHERE (order_row, attempt) IN (
    SELECT old.order_row, old.attempt FROM unnest($1::bigint[]) AS asked (value) JOIN attempt_orders old ON old.order_row = asked.value
    WHERE old.attempt <= (SELECT attempt FROM attempt_orders newer WHERE newer.order_row = asked.value
                          ORDER BY attempt DESC LIMIT 1 OFFSET $2));
