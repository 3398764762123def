-- What the office knows of a person.
CREATE TABLE profile (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    email TEXT NOT NULL,
    department TEXT NOT NULL,
    position TEXT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX profile_rev ON profile (company, scope, rev);
CREATE INDEX profile_email ON profile (company, email);

-- Named permissions. A built-in role has a row from when it is edited.
CREATE TABLE role (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    permissions TEXT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX role_rev ON role (company, scope, rev);

-- Keys by which programs act for people. What their secrets hash to is in api_key_secret.
CREATE TABLE api_key (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    person_id BYTEA NOT NULL,
    permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX api_key_rev ON api_key (company, scope, rev);
CREATE INDEX api_key_person_id ON api_key (company, person_id);

-- From which networks people and programs may come.
CREATE TABLE network_rule (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    network TEXT NOT NULL,
    note TEXT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX network_rule_rev ON network_rule (company, scope, rev);
CREATE INDEX network_rule_kind ON network_rule (company, kind);

-- The audit is read from its end.
CREATE INDEX command_log_received_at ON command_log (company, received_at, id);
