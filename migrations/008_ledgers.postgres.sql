-- Ledgers and finished documents are written once. Where this file is the authority nothing changes them;
-- a copy (replica) may take back its own rows before the authority's come.

CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT role FROM installation WHERE id = 1) IS DISTINCT FROM 'replica' THEN
        RAISE EXCEPTION 'ledger rows are never changed' USING ERRCODE = '23514';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER stock_document_no_change BEFORE UPDATE OR DELETE ON stock_document FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER stock_document_line_no_change BEFORE UPDATE OR DELETE ON stock_document_line FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER stock_document_cost_no_change BEFORE UPDATE OR DELETE ON stock_document_cost FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER stock_move_no_change BEFORE UPDATE OR DELETE ON stock_move FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER move_value_no_change BEFORE UPDATE OR DELETE ON move_value FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER posting_no_change BEFORE UPDATE OR DELETE ON posting FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER cash_movement_no_change BEFORE UPDATE OR DELETE ON cash_movement FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER sale_no_change BEFORE UPDATE OR DELETE ON sale FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER sale_line_no_change BEFORE UPDATE OR DELETE ON sale_line FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER sale_tax_no_change BEFORE UPDATE OR DELETE ON sale_tax FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER sale_tender_no_change BEFORE UPDATE OR DELETE ON sale_tender FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
