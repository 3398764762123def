-- The company: one row in its own partition.
CREATE TABLE company (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    code TEXT NOT NULL,
    tax_number TEXT NOT NULL,
    phone TEXT NOT NULL,
    address TEXT NOT NULL,
    currency TEXT NOT NULL,
    tax_mode TEXT NOT NULL,
    cash_step BIGINT NOT NULL,
    time_zone TEXT NOT NULL,
    locale TEXT NOT NULL,
    receipt_footer TEXT NOT NULL,
    demo BIGINT NOT NULL,
    expires_at BIGINT,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX company_rev ON company (company, scope, rev);

-- A person who acts.
CREATE TABLE person (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    active BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX person_rev ON person (company, scope, rev);

-- An installation of the program and the till it is.
CREATE TABLE device (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    till_id BYTEA,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX device_rev ON device (company, scope, rev);
