-- A tax class.
CREATE TABLE tax (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    rate BIGINT NOT NULL,
    position BIGINT NOT NULL,
    active BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX tax_rev ON tax (company, scope, rev);

-- A category: a tree of any depth.
CREATE TABLE category (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    parent_id BYTEA,
    name TEXT NOT NULL,
    hue BIGINT NOT NULL,
    position BIGINT NOT NULL,
    active BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX category_rev ON category (company, scope, rev);

-- A product.
CREATE TABLE product (
    company BYTEA NOT NULL,
    id BYTEA NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    unit TEXT NOT NULL,
    category_id BYTEA,
    tax_id BYTEA NOT NULL,
    price BIGINT NOT NULL,
    low_threshold BIGINT NOT NULL,
    high_threshold BIGINT NOT NULL,
    favourite BIGINT,
    active BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX product_rev ON product (company, scope, rev);
CREATE INDEX product_code ON product (company, code);
CREATE INDEX product_name ON product (company, name);
CREATE INDEX product_category_id ON product (company, category_id);

-- A barcode of a product, with how much it sells and at what price.
CREATE TABLE barcode (
    company BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    barcode TEXT NOT NULL,
    pack BIGINT NOT NULL,
    pack_unit TEXT NOT NULL,
    pack_price BIGINT,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, product_id, barcode)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX barcode_rev ON barcode (company, scope, rev);
CREATE INDEX barcode_barcode ON barcode (company, barcode);

-- A tag of a product.
CREATE TABLE product_tag (
    company BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    tag TEXT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, product_id, tag)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX product_tag_rev ON product_tag (company, scope, rev);

-- What an import did to one product, so that the batch can be undone.
CREATE TABLE import_row (
    company BYTEA NOT NULL,
    batch_id BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    before TEXT,
    after TEXT NOT NULL,
    reverted BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, batch_id, product_id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX import_row_rev ON import_row (company, scope, rev);
