-- What a replica lets the others know of itself: a text a kind, gone with its life.
CREATE TABLE notes (
    replica bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (replica, kind)
);
