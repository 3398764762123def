-- What belongs to a document never stands without it. Looked at when a transaction ends: a copy takes its own rows back
-- and puts the authority's in their place in any order. Rows that are here already are `verify`'s to tell of: a shop
-- whose file is damaged must still open.
ALTER TABLE sale_line ADD CONSTRAINT sale_line_of_sale
    FOREIGN KEY (company, sale_id) REFERENCES sale (company, id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
ALTER TABLE sale_tax ADD CONSTRAINT sale_tax_of_sale
    FOREIGN KEY (company, sale_id) REFERENCES sale (company, id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
ALTER TABLE sale_tender ADD CONSTRAINT sale_tender_of_sale
    FOREIGN KEY (company, sale_id) REFERENCES sale (company, id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
ALTER TABLE stock_document_line ADD CONSTRAINT stock_document_line_of_document
    FOREIGN KEY (company, document_id) REFERENCES stock_document (company, id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
ALTER TABLE shift_total ADD CONSTRAINT shift_total_of_shift
    FOREIGN KEY (company, shift_id) REFERENCES shift (company, id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
