-- What a history is, rev by rev: each place's mark is made of the mark before it and of the command and its verdict there.
-- Two histories that agree at a mark agree in everything before it. Commands of before have none: their own id is it.
ALTER TABLE clock ADD COLUMN chain BYTEA;
ALTER TABLE command_log ADD COLUMN chain BYTEA;
