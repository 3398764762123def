-- Pictures. A row says which bytes by their SHA-256; the bytes are kept beside the rows, and each copy gets them when it
-- wants to show them.

-- A picture of a product.
CREATE TABLE product_image (
    company BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    position BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    thumbnail TEXT NOT NULL,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, product_id, sha256)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX product_image_rev ON product_image (company, scope, rev);
-- Who may read or send bytes is who holds a row that names them.
CREATE INDEX product_image_sha256 ON product_image (company, sha256);
CREATE INDEX product_image_thumbnail ON product_image (company, thumbnail);

-- Bytes that this installation has. No row of another copy: they go their own way. The bytes stand last, so that nothing
-- else is read past them.
CREATE TABLE blob (
    company BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    kept_at BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (company, sha256)
);

-- On a till: bytes to send to the shop server and bytes to fetch from it.
CREATE TABLE blob_queue (
    company BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    direction TEXT NOT NULL,
    tries BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (company, sha256, direction)
);
