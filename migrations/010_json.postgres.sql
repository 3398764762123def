-- SQLite has these two; PostgreSQL gets them so that statements over many rows are one text on both.
CREATE FUNCTION jsonb_each_row(rows TEXT) RETURNS TABLE (value JSONB) LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT jsonb_array_elements(rows::jsonb)
$$;
CREATE FUNCTION unhex(digits TEXT) RETURNS BYTEA LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT decode(digits, 'hex')
$$;
