-- What this file or database is. One row.
CREATE TABLE installation (
    id BIGINT NOT NULL PRIMARY KEY,
    role TEXT NOT NULL,
    company BYTEA NOT NULL,
    device BYTEA NOT NULL,
    person BYTEA NOT NULL
);

-- The one order of a company's commands. Locked by whoever executes.
CREATE TABLE clock (
    company BYTEA NOT NULL PRIMARY KEY,
    rev BIGINT NOT NULL,
    epoch BYTEA NOT NULL,
    last_at BIGINT NOT NULL
) /*sqlite: WITHOUT ROWID */;

-- Every command with its verdict: idempotency, audit, and what was parked.
CREATE TABLE command_log (
    id BYTEA NOT NULL PRIMARY KEY,
    company BYTEA NOT NULL,
    rev BIGINT NOT NULL,
    device BYTEA NOT NULL,
    actor BYTEA NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    args TEXT NOT NULL,
    number TEXT,
    at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    code BIGINT
);
CREATE INDEX command_log_rev ON command_log (company, rev);
