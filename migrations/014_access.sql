-- Who may speak to the shop server. At the authority only; a copy has these tables and never a row in them.

-- A device's token: its secret is known to the device alone, here is what it hashes to.
CREATE TABLE device_token (
    id BYTEA NOT NULL PRIMARY KEY,
    company BYTEA NOT NULL,
    device BYTEA NOT NULL,
    secret_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX device_token_device ON device_token (company, device);

-- A code by which one device gets its token, once and soon.
CREATE TABLE enrolment (
    code_hash BYTEA NOT NULL PRIMARY KEY,
    id BYTEA NOT NULL,
    company BYTEA NOT NULL,
    device BYTEA NOT NULL,
    device_name TEXT NOT NULL,
    till BYTEA NOT NULL,
    till_number BIGINT NOT NULL,
    location BYTEA NOT NULL,
    person BYTEA NOT NULL,
    adds_till BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

-- Who is believed on which device.
CREATE TABLE device_person (
    company BYTEA NOT NULL,
    device BYTEA NOT NULL,
    person BYTEA NOT NULL,
    granted_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (company, device, person)
);
