-- The mail server that a company's letters go by, where it is not the server's own. The password is sealed with a key that
-- is a file of the server and not in the database. At the authority only; a copy has this table and never a row in it.
CREATE TABLE smtp_setting (
    company BYTEA NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    security TEXT NOT NULL,
    username TEXT NOT NULL,
    password BYTEA,
    mail_from TEXT NOT NULL,
    public_url TEXT NOT NULL,
    changed_at BIGINT NOT NULL
) /*sqlite: WITHOUT ROWID */;
