-- Lists of products by name and by code: a page far down is found in the index alone.
CREATE INDEX product_active_name ON product (company, active, name, id);
CREATE INDEX product_active_code ON product (company, active, code, id);
