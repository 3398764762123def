-- A warehouse; a shop's back room and shelves are one.
CREATE TABLE warehouse (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    active BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX warehouse_rev ON warehouse (company, scope, rev);

-- A place in a warehouse.
CREATE TABLE location (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    warehouse_id BYTEA NOT NULL,
    code TEXT NOT NULL,
    kind TEXT NOT NULL,
    active BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX location_rev ON location (company, scope, rev);
CREATE INDEX location_warehouse_id ON location (company, warehouse_id);

-- A goods receipt or adjustment.
CREATE TABLE stock_document (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    warehouse_id BYTEA NOT NULL,
    location_id BYTEA NOT NULL,
    note TEXT NOT NULL,
    business_date TEXT NOT NULL,
    at BIGINT NOT NULL,
    person_id BYTEA NOT NULL,
    device_id BYTEA NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX stock_document_rev ON stock_document (company, scope, rev);
CREATE INDEX stock_document_at ON stock_document (company, at);

-- A line of a stock document.
CREATE TABLE stock_document_line (
    company BYTEA NOT NULL,
    document_id BYTEA NOT NULL,
    line BIGINT NOT NULL,
    product_id BYTEA NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    reason TEXT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, document_id, line)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX stock_document_line_rev ON stock_document_line (company, scope, rev);

-- What a received line cost.
CREATE TABLE stock_document_cost (
    company BYTEA NOT NULL,
    document_id BYTEA NOT NULL,
    line BIGINT NOT NULL,
    unit_cost BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, document_id, line)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX stock_document_cost_rev ON stock_document_cost (company, scope, rev);

-- A line of the stock ledger: so much went from here to there. Never changed.
CREATE TABLE stock_move (
    company BYTEA NOT NULL,
    command_id BYTEA NOT NULL,
    ordinal BIGINT NOT NULL,
    product_id BYTEA NOT NULL,
    lot_id BYTEA NOT NULL,
    quantity BIGINT NOT NULL,
    from_id BYTEA NOT NULL,
    to_id BYTEA NOT NULL,
    warehouse_id BYTEA NOT NULL,
    reason TEXT NOT NULL,
    document_kind TEXT NOT NULL,
    document_id BYTEA NOT NULL,
    line BIGINT NOT NULL,
    business_date TEXT NOT NULL,
    at BIGINT NOT NULL,
    person_id BYTEA NOT NULL,
    device_id BYTEA NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, command_id, ordinal)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX stock_move_rev ON stock_move (company, scope, rev);
CREATE INDEX stock_move_document_id ON stock_move (company, document_id);
CREATE INDEX stock_move_at ON stock_move (company, at);
CREATE INDEX stock_move_product_id_at ON stock_move (company, product_id, at);

-- The value that moved with a move.
CREATE TABLE move_value (
    company BYTEA NOT NULL,
    command_id BYTEA NOT NULL,
    ordinal BIGINT NOT NULL,
    value BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, command_id, ordinal)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX move_value_rev ON move_value (company, scope, rev);

-- How much of a product is where: a cache of the moves, kept with them.
CREATE TABLE balance (
    company BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    location_id BYTEA NOT NULL,
    lot_id BYTEA NOT NULL,
    quantity BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, product_id, location_id, lot_id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX balance_rev ON balance (company, scope, rev);
CREATE INDEX balance_location_id ON balance (company, location_id);

-- What a product's stock in a warehouse's real locations is worth: moving average.
CREATE TABLE stock_value (
    company BYTEA NOT NULL,
    warehouse_id BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    quantity BIGINT NOT NULL,
    value BIGINT NOT NULL,
    last_cost BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, warehouse_id, product_id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX stock_value_rev ON stock_value (company, scope, rev);
