-- How often a name is tried from a network, counted for all processes of the server: a try moves this on, and one that
-- would move it too far ahead of the clock is refused.
ALTER TABLE sign_in_failure ADD COLUMN free_at BIGINT NOT NULL DEFAULT 0;
