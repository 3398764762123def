-- The key to which tills seal what they could not send. At the authority only; a copy has this table and never a row in it.
CREATE TABLE seal_key (
    company BYTEA NOT NULL PRIMARY KEY,
    public_key BYTEA NOT NULL,
    private_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
