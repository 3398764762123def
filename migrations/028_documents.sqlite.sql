-- What belongs to a document never stands without it. Looked at when a transaction ends: a copy takes its own rows back
-- and puts the authority's in their place in any order. Rows that are here already are `verify`'s to tell of: a shop
-- whose file is damaged must still open.
--
-- SQLite adds no foreign key to a table that is there. Writing millions of lines anew would keep a shop closed for
-- minutes; a foreign key changes nothing in how rows are kept, so the declaration alone is changed, the way that
-- SQLite's manual gives for this (lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, 'PRIMARY KEY (company, sale_id,',
    'FOREIGN KEY (company, sale_id) REFERENCES sale (company, id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (company, sale_id,') WHERE type = 'table' AND name IN ('sale_line', 'sale_tax', 'sale_tender');
UPDATE sqlite_master SET sql = replace(sql, 'PRIMARY KEY (company, document_id,',
    'FOREIGN KEY (company, document_id) REFERENCES stock_document (company, id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (company, document_id,') WHERE type = 'table' AND name = 'stock_document_line';
UPDATE sqlite_master SET sql = replace(sql, 'PRIMARY KEY (company, shift_id,',
    'FOREIGN KEY (company, shift_id) REFERENCES shift (company, id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (company, shift_id,') WHERE type = 'table' AND name = 'shift_total';
PRAGMA writable_schema = RESET;
-- Whoever has the file open must read the declarations anew.
CREATE TABLE read_anew (id BIGINT);
DROP TABLE read_anew;
