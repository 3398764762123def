-- Ledgers and finished documents are written once. Where this file is the authority nothing changes them;
-- a copy (replica) may take back its own rows before the authority's come.

CREATE TRIGGER stock_document_no_update BEFORE UPDATE ON stock_document
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER stock_document_no_delete BEFORE DELETE ON stock_document
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER stock_document_line_no_update BEFORE UPDATE ON stock_document_line
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER stock_document_line_no_delete BEFORE DELETE ON stock_document_line
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER stock_document_cost_no_update BEFORE UPDATE ON stock_document_cost
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER stock_document_cost_no_delete BEFORE DELETE ON stock_document_cost
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER stock_move_no_update BEFORE UPDATE ON stock_move
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER stock_move_no_delete BEFORE DELETE ON stock_move
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER move_value_no_update BEFORE UPDATE ON move_value
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER move_value_no_delete BEFORE DELETE ON move_value
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER cash_movement_no_update BEFORE UPDATE ON cash_movement
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER cash_movement_no_delete BEFORE DELETE ON cash_movement
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER sale_no_update BEFORE UPDATE ON sale
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER sale_no_delete BEFORE DELETE ON sale
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER sale_line_no_update BEFORE UPDATE ON sale_line
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER sale_line_no_delete BEFORE DELETE ON sale_line
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER sale_tax_no_update BEFORE UPDATE ON sale_tax
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER sale_tax_no_delete BEFORE DELETE ON sale_tax
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER sale_tender_no_update BEFORE UPDATE ON sale_tender
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
CREATE TRIGGER sale_tender_no_delete BEFORE DELETE ON sale_tender
WHEN coalesce((SELECT role FROM installation WHERE id = 1), 'authority') <> 'replica'
BEGIN
    SELECT RAISE(ABORT, 'ledger rows are never changed');
END;
