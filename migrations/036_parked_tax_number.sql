-- Whom a parked cart is for: an invoice needs the tax number when it is taken up again.
ALTER TABLE parked_cart ADD COLUMN tax_number TEXT NOT NULL DEFAULT '';
