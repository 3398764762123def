-- A printer as set up on a device.
CREATE TABLE printer (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    device_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    paper TEXT NOT NULL,
    charset TEXT NOT NULL,
    has_drawer BIGINT NOT NULL,
    is_default BIGINT NOT NULL,
    active BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX printer_rev ON printer (company, scope, rev);
CREATE INDEX printer_device_id ON printer (company, device_id);

-- One piece of paper to print.
CREATE TABLE print_job (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    printer_id BYTEA NOT NULL,
    document TEXT NOT NULL,
    document_id BYTEA NOT NULL,
    copy BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    error TEXT NOT NULL,
    at BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX print_job_rev ON print_job (company, scope, rev);
CREATE INDEX print_job_state ON print_job (company, state);
CREATE INDEX print_job_document_id ON print_job (company, document_id);

-- How often a sale was printed again.
CREATE TABLE sale_print (
    company BYTEA NOT NULL,
    sale_id BYTEA NOT NULL,
    copies BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, sale_id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX sale_print_rev ON sale_print (company, scope, rev);
