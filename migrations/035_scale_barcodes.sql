-- How the shop's scales write barcodes (crates/domain/src/catalog/scale.rs).
ALTER TABLE company ADD COLUMN scale_barcodes TEXT NOT NULL DEFAULT '';
