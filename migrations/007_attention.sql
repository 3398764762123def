-- Something that needs a person.
CREATE TABLE attention (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    about_id BYTEA NOT NULL,
    args TEXT NOT NULL,
    at BIGINT NOT NULL,
    resolved_at BIGINT,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX attention_rev ON attention (company, scope, rev);
CREATE INDEX attention_about_id ON attention (company, about_id);
CREATE INDEX attention_at ON attention (company, at);
