-- Who serves the database: a row a life, with a number that rises. `beats` counts its signs of life, no times are
-- compared; `wanted` stands for the duties that it shares in.
CREATE TABLE replicas (
    number bigint PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    process text COLLATE "C" NOT NULL,
    config_digest text COLLATE "C" NOT NULL,
    adapters_digest text COLLATE "C" NOT NULL,
    started_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    wanted text COLLATE "C" NOT NULL DEFAULT '',
    beats bigint NOT NULL DEFAULT 0,
    is_lost bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);

-- Who has which duty, alone; `number` rises with each holder. The one lease of the one gateway was a row of its own.
DROP TABLE duties;
CREATE TABLE duties (
    name text COLLATE "C" PRIMARY KEY,
    replica bigint NOT NULL,
    number bigint NOT NULL
);

-- Which replicas want to be told at once of what has changed; NULL: a process that is none.
CREATE TABLE listeners (
    number bigint PRIMARY KEY,
    replica bigint
);
