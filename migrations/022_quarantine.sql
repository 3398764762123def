-- What devices sent after they were shut out: kept as it came, done only when somebody releases it. At the authority only.
CREATE TABLE quarantine (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    device BYTEA NOT NULL,
    replica BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    command TEXT NOT NULL,
    PRIMARY KEY (company, id)
);
CREATE INDEX quarantine_device ON quarantine (company, device, replica, seq);
