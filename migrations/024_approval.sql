-- Who allowed a sale or refund that its person may not make alone. What was allowed stands in the command.
ALTER TABLE sale ADD COLUMN approved_by BYTEA;
