-- That a store is copied to another place, or was: which copy, how far it has come, where it went.
CREATE TABLE moves (
    name text COLLATE "C" PRIMARY KEY,
    value text COLLATE "C" NOT NULL
);
