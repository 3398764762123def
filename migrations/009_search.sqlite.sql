-- Search as you type. The words are cut by a pure function of the store (store/src/search.rs), so both engines
-- find the same; here they are only indexed. `docid` is ours: a rowid may change under VACUUM.
CREATE TABLE product_document (
    docid INTEGER PRIMARY KEY,
    company BYTEA NOT NULL,
    product_id BYTEA NOT NULL,
    UNIQUE (company, product_id)
);
CREATE VIRTUAL TABLE product_words USING fts5 (
    words,
    content = '',
    contentless_delete = 1,
    detail = none,
    prefix = '1 2 3',
    tokenize = 'unicode61 remove_diacritics 0'
);
