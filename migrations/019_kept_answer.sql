-- What was answered to a caller who named its request: the same request again gets the same answer. Written with the
-- command it answers. At the authority only; a copy has this table and never a row in it.
CREATE TABLE kept_answer (
    command_id BYTEA NOT NULL PRIMARY KEY,
    company BYTEA NOT NULL,
    request_hash BYTEA NOT NULL,
    status BIGINT NOT NULL,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX kept_answer_at ON kept_answer (at);
