-- The canonical bytes of a state, apart from what becomes of it: else each change of its status writes them once more.
-- `states.body` holds those of before, and an erased one's empty bytes.
CREATE TABLE state_bodies (
    id INTEGER PRIMARY KEY,             -- the state's
    body BLOB NOT NULL
) STRICT;
CREATE TRIGGER states_emptied AFTER UPDATE OF body ON states
BEGIN
    DELETE FROM state_bodies WHERE id = OLD.id;
END;
CREATE TRIGGER states_leave AFTER DELETE ON states
BEGIN
    DELETE FROM state_bodies WHERE id = OLD.id;
END;
