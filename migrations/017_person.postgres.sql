-- A person has a name to sign in with and a role. Whoever is here already founded the company: an owner.
CREATE TABLE person_before AS SELECT company, id, name, active, rev, scope FROM person;
DROP TABLE person;
CREATE TABLE person (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    active BIGINT NOT NULL,
    username TEXT NOT NULL,
    role_id BYTEA NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
);
INSERT INTO person (company, id, name, active, username, role_id, rev, scope)
    SELECT company, id, name, active, '', decode('00000000000000000000000000000001', 'hex'), rev, scope FROM person_before;
DROP TABLE person_before;
CREATE INDEX person_rev ON person (company, scope, rev);
CREATE INDEX person_username ON person (company, username);
CREATE INDEX person_role_id ON person (company, role_id);
