-- What the server says and does of itself. When a backup on another machine was last made; never where there is none.
ALTER TABLE clock ADD COLUMN stable_at BIGINT;

-- How far the clock of the copy was ahead of the authority's when it sent the command, milliseconds.
ALTER TABLE command_log ADD COLUMN offset_ms BIGINT;

-- Duties that one process does for all, and since when the last one has had them.
CREATE TABLE duty (
    name TEXT NOT NULL PRIMARY KEY,
    taken_at BIGINT NOT NULL
);

-- Tries of a code by network, in the minute that began then; every process counts in the same place.
CREATE TABLE enrol_try (
    network TEXT NOT NULL PRIMARY KEY,
    tries BIGINT NOT NULL,
    since BIGINT NOT NULL
);

-- Kept commands that somebody let go: a server does them.
ALTER TABLE quarantine ADD COLUMN released_at BIGINT;
CREATE INDEX quarantine_released_at ON quarantine (released_at);
