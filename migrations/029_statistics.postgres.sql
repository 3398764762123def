-- A database that is analysed when one receipt is all there is learns that every move is of one document, and reads a
-- document's moves by any index until it is analysed again. A document has few of them, however many there are.
ALTER TABLE stock_move ALTER COLUMN document_id SET (n_distinct = -0.1);
