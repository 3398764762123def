-- How far back copies go. Rows of tables that are only added to, up to this rev, are not on copies.
CREATE TABLE horizon (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    through_rev BIGINT NOT NULL,
    kept_from TEXT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX horizon_rev ON horizon (company, scope, rev);

-- What a balance was at the horizon: the sum of the moves behind it.
CREATE TABLE opening (
    company BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    location_id BYTEA NOT NULL,
    lot_id BYTEA NOT NULL,
    quantity BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, product_id, location_id, lot_id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX opening_rev ON opening (company, scope, rev);
