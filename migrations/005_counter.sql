-- A till: a numbered place where sales are made.
CREATE TABLE till (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    warehouse_id BYTEA NOT NULL,
    location_id BYTEA NOT NULL,
    open_shift_id BYTEA,
    last_business_date TEXT,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX till_rev ON till (company, scope, rev);

-- The next number of a till in its series. Outside undo: a number given to paper is never given again.
CREATE TABLE number_counter (
    company BYTEA NOT NULL,
    till_id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    series BIGINT NOT NULL,
    last BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, till_id, kind, series)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX number_counter_rev ON number_counter (company, scope, rev);

-- A shift: from the float to the counted drawer.
CREATE TABLE shift (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    till_id BYTEA NOT NULL,
    warehouse_id BYTEA NOT NULL,
    number BIGINT,
    business_date TEXT NOT NULL,
    state TEXT NOT NULL,
    float BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    opened_by BYTEA NOT NULL,
    closed_at BIGINT,
    closed_by BYTEA,
    expected BIGINT,
    counted BIGINT,
    denominations TEXT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX shift_rev ON shift (company, scope, rev);
CREATE INDEX shift_till_id ON shift (company, till_id);

-- One total of a shift, kept by each sale, so that closing takes the same time after 10 or 10,000.
CREATE TABLE shift_total (
    company BYTEA NOT NULL,
    shift_id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    count BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, shift_id, kind, detail)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX shift_total_rev ON shift_total (company, scope, rev);

-- Cash put into or taken out of the drawer.
CREATE TABLE cash_movement (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    shift_id BYTEA NOT NULL,
    direction TEXT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    person_id BYTEA NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX cash_movement_rev ON cash_movement (company, scope, rev);
CREATE INDEX cash_movement_shift_id ON cash_movement (company, shift_id);

-- A sale, or a refund with all figures below zero.
CREATE TABLE sale (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    number TEXT NOT NULL,
    series BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    refund_of BYTEA,
    shift_id BYTEA NOT NULL,
    till_id BYTEA NOT NULL,
    warehouse_id BYTEA NOT NULL,
    location_id BYTEA NOT NULL,
    business_date TEXT NOT NULL,
    at BIGINT NOT NULL,
    person_id BYTEA NOT NULL,
    device_id BYTEA NOT NULL,
    tax_mode TEXT NOT NULL,
    gross BIGINT NOT NULL,
    discount BIGINT NOT NULL,
    base BIGINT NOT NULL,
    tax BIGINT NOT NULL,
    total BIGINT NOT NULL,
    rounding BIGINT NOT NULL,
    given BIGINT NOT NULL,
    change BIGINT NOT NULL,
    cart_discount TEXT NOT NULL,
    customer_name TEXT NOT NULL,
    customer_tax_number TEXT NOT NULL,
    note TEXT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX sale_rev ON sale (company, scope, rev);
CREATE INDEX sale_number ON sale (company, number);
CREATE INDEX sale_business_date_at ON sale (company, business_date, at);
CREATE INDEX sale_shift_id_seq ON sale (company, shift_id, seq);
CREATE INDEX sale_refund_of ON sale (company, refund_of);

-- A line of a sale, as it was shown and printed.
CREATE TABLE sale_line (
    company BYTEA NOT NULL,
    sale_id BYTEA NOT NULL,
    line BIGINT NOT NULL,
    product_id BYTEA NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    barcode TEXT NOT NULL,
    pack BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    list_price BIGINT NOT NULL,
    unit_price BIGINT NOT NULL,
    gross BIGINT NOT NULL,
    discount BIGINT NOT NULL,
    cart_discount BIGINT NOT NULL,
    tax_id BYTEA NOT NULL,
    tax_rate BIGINT NOT NULL,
    base BIGINT NOT NULL,
    tax BIGINT NOT NULL,
    total BIGINT NOT NULL,
    refund_of_line BIGINT,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, sale_id, line)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX sale_line_rev ON sale_line (company, scope, rev);

-- A sale's sums by tax class.
CREATE TABLE sale_tax (
    company BYTEA NOT NULL,
    sale_id BYTEA NOT NULL,
    tax_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    rate BIGINT NOT NULL,
    base BIGINT NOT NULL,
    tax BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, sale_id, tax_id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX sale_tax_rev ON sale_tax (company, scope, rev);

-- One way a sale was paid.
CREATE TABLE sale_tender (
    company BYTEA NOT NULL,
    sale_id BYTEA NOT NULL,
    ordinal BIGINT NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    given BIGINT NOT NULL,
    reference TEXT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, sale_id, ordinal)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX sale_tender_rev ON sale_tender (company, scope, rev);

-- How much of a sale's line came back already.
CREATE TABLE sale_line_refunded (
    company BYTEA NOT NULL,
    sale_id BYTEA NOT NULL,
    line BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, sale_id, line)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX sale_line_refunded_rev ON sale_line_refunded (company, scope, rev);

-- A cart put aside.
CREATE TABLE parked_cart (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    till_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    at BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    total BIGINT NOT NULL,
    cart TEXT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX parked_cart_rev ON parked_cart (company, scope, rev);
CREATE INDEX parked_cart_till_id ON parked_cart (company, till_id);
