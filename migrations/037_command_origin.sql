-- From where a command came that was asked for over HTTP, and by what its caller proved who it was: for the audit. Of the
-- server alone, and only as long as the rest of what happened at its door.
CREATE TABLE command_origin (
    id BYTEA NOT NULL PRIMARY KEY,
    company BYTEA NOT NULL,
    address TEXT NOT NULL,
    session BYTEA,
    api_key BYTEA,
    at BIGINT NOT NULL
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX command_origin_at ON command_origin (at);
