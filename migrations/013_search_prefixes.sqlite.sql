-- The beginning of a word is looked up, however long it is: with beginnings of three characters only, a longer one
-- was gathered from every word that begins so (12 ms in a million products). The words themselves are filled in by
-- the store when it opens the file (store/src/sqlite_search.rs), because they are cut there.
DROP TABLE IF EXISTS product_words;
CREATE VIRTUAL TABLE product_words USING fts5 (
    words,
    content = '',
    contentless_delete = 1,
    detail = none,
    prefix = '1 2 3 4 5 6 7 8',
    tokenize = 'unicode61 remove_diacritics 0'
);
DELETE FROM product_document;
