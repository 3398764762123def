-- Copies that agree. At the authority: what the clock row has to say, what each copy pushed, what went away.

-- Covered by a backup on another machine up to here; removals are kept from here on; the last series given to a copy.
ALTER TABLE clock ADD COLUMN stable BIGINT NOT NULL DEFAULT 0;
ALTER TABLE clock ADD COLUMN tombstone_floor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE clock ADD COLUMN series BIGINT NOT NULL DEFAULT 1;

-- The copy a command came from first, and the number it had there.
ALTER TABLE command_log ADD COLUMN replica BYTEA;
ALTER TABLE command_log ADD COLUMN seq BIGINT;

-- A row that was removed (del), or that other copies hold from now on (left).
CREATE TABLE change (
    company BYTEA NOT NULL,
    scope BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    table_name TEXT NOT NULL,
    key_cells TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (company, scope, rev, table_name, key_cells)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX change_rev ON change (company, rev);

-- Which command a copy pushed under which number.
CREATE TABLE replica_seq (
    company BYTEA NOT NULL,
    replica BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    id BYTEA NOT NULL,
    PRIMARY KEY (company, replica, seq)
) /*sqlite: WITHOUT ROWID */;

-- Scopes granted to a device beside its own: office, other warehouses.
CREATE TABLE device_scope (
    company BYTEA NOT NULL,
    device BYTEA NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (company, device, scope)
) /*sqlite: WITHOUT ROWID */;

-- On a copy (replica): who it is. One row.
CREATE TABLE sync_meta (
    id BIGINT NOT NULL PRIMARY KEY,
    epoch BYTEA,
    replica BYTEA NOT NULL,
    series BIGINT NOT NULL,
    next_seq BIGINT NOT NULL,
    acked BIGINT NOT NULL,
    replay_due BIGINT NOT NULL,
    seen_rev BIGINT NOT NULL,
    seen_id BYTEA,
    shape BIGINT NOT NULL
);

-- Commands on their way to the authority.
CREATE TABLE outbox (
    seq BIGINT NOT NULL PRIMARY KEY,
    id BYTEA NOT NULL,
    envelope TEXT NOT NULL
);

-- Rows as the authority had them before the commands in the outbox changed them here; no cells: there was none.
CREATE TABLE undo (
    table_name TEXT NOT NULL,
    key_cells TEXT NOT NULL,
    cells TEXT,
    rev BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    PRIMARY KEY (table_name, key_cells)
) /*sqlite: WITHOUT ROWID */;

-- Commands the authority has taken, until a backup covers them: a restored authority is healed from here.
CREATE TABLE journal (
    id BYTEA NOT NULL PRIMARY KEY,
    rev BIGINT NOT NULL,
    acked_at BIGINT NOT NULL,
    envelope TEXT NOT NULL
);
CREATE INDEX journal_rev ON journal (rev);

-- How far this copy has read each scope it holds.
CREATE TABLE sync_cursor (
    scope BIGINT NOT NULL PRIMARY KEY,
    rev BIGINT NOT NULL
);

-- Tills by their number on paper.
CREATE INDEX till_number ON till (company, number);
