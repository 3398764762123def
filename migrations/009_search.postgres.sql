-- Search as you type. The words are cut by a pure function of the store (store/src/search.rs), so both engines
-- find the same; here they are only indexed.
CREATE TABLE product_words (
    company BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    words TSVECTOR NOT NULL,
    PRIMARY KEY (company, product_id)
);
CREATE INDEX product_words_words ON product_words USING GIN (words);
