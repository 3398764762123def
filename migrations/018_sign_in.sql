-- How people and programs prove who they are, and what came of it. At the authority only; a copy has these tables and
-- never a row in them.

-- A password or PIN, as what it hashes to.
CREATE TABLE credential (
    company BYTEA NOT NULL,
    person BYTEA NOT NULL,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (company, person, kind)
) /*sqlite: WITHOUT ROWID */;

-- Somebody who signed in and has not signed out.
CREATE TABLE session (
    id BYTEA NOT NULL PRIMARY KEY,
    company BYTEA NOT NULL,
    person BYTEA NOT NULL,
    device BYTEA NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX session_person ON session (company, person);
CREATE INDEX session_expires_at ON session (expires_at);

-- What a session goes on with, once each.
CREATE TABLE refresh_token (
    id BYTEA NOT NULL PRIMARY KEY,
    session BYTEA NOT NULL,
    secret_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX refresh_token_session ON refresh_token (session);
CREATE INDEX refresh_token_expires_at ON refresh_token (expires_at);

-- Wrong tries by name as typed (its hash) and network.
CREATE TABLE sign_in_failure (
    account_hash BYTEA NOT NULL,
    network TEXT NOT NULL,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (account_hash, network)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX sign_in_failure_last_at ON sign_in_failure (last_at);

-- A link by which a password is set anew, once and soon.
CREATE TABLE reset_link (
    id BYTEA NOT NULL PRIMARY KEY,
    company BYTEA NOT NULL,
    person BYTEA NOT NULL,
    secret_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX reset_link_person ON reset_link (company, person);
CREATE INDEX reset_link_expires_at ON reset_link (expires_at);

-- Letters on their way. What was sent is removed: it may hold a link.
CREATE TABLE mail (
    id BYTEA NOT NULL PRIMARY KEY,
    company BYTEA NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    tries BIGINT NOT NULL
);
CREATE INDEX mail_next_at ON mail (next_at);

-- What a key's secret hashes to, and when it was used.
CREATE TABLE api_key_secret (
    id BYTEA NOT NULL PRIMARY KEY,
    company BYTEA NOT NULL,
    secret_hash BYTEA NOT NULL,
    last_used_at BIGINT
);

-- Sign-ins, refusals, changes of passwords: the part of the audit that is no command.
CREATE TABLE access_event (
    id BYTEA NOT NULL PRIMARY KEY,
    company BYTEA NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    person BYTEA,
    device BYTEA,
    address TEXT NOT NULL,
    detail TEXT NOT NULL,
    code BIGINT
);
CREATE INDEX access_event_at ON access_event (company, at, id);

-- The key with which this server's processes sign what they give out. One row.
CREATE TABLE signing_key (
    id BIGINT NOT NULL PRIMARY KEY,
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
