-- A line of the money ledger. Never changed.
CREATE TABLE posting (
    company BYTEA NOT NULL,
    command_id BYTEA NOT NULL,
    ordinal BIGINT NOT NULL,
    account TEXT NOT NULL,
    detail TEXT NOT NULL,
    amount BIGINT NOT NULL,
    document_kind TEXT NOT NULL,
    document_id BYTEA NOT NULL,
    line BIGINT NOT NULL,
    shift_id BYTEA NOT NULL,
    till_id BYTEA NOT NULL,
    business_date TEXT NOT NULL,
    at BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, command_id, ordinal)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX posting_rev ON posting (company, scope, rev);
CREATE INDEX posting_document_id ON posting (company, document_id);
