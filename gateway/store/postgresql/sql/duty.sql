-- name: look
SELECT number, holder, beats FROM duties WHERE name = 'gateway';

-- name: take
UPDATE duties SET holder = $1, number = number + 1, beats = beats + 1
WHERE name = 'gateway' AND number = $2 AND beats = $3 RETURNING number;

-- name: renew
UPDATE duties SET beats = beats + 1 WHERE name = 'gateway' AND number = $1;

-- name: leave
UPDATE duties SET holder = NULL WHERE name = 'gateway' AND number = $1;

-- name: is_ours
SELECT 1 FROM duties WHERE name = 'gateway' AND number = $1;
