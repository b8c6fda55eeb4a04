-- Which conditions somebody was told of, so that a restart tells nobody again. Whom: a digest, since an address is a secret.
CREATE TABLE told (
    whom TEXT NOT NULL,
    event TEXT NOT NULL,
    subject TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    PRIMARY KEY (whom, event, subject)
) STRICT, WITHOUT ROWID;
