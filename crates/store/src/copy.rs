//! What a copy keeps beside the business tables, and how rows come and go on it. A copy is a SQLite file; of these
//! writes the authority knows only those about itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use kontor_domain::cell::Value;
use kontor_domain::ids::{CommandId, CompanyId, DeviceId};
use kontor_domain::world::{Action, Change, RowWrite, Scope, Stored, Table};
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use uuid::Uuid;

use crate::agent::{Mark, Status, Trace};
use crate::answers::{self, KeptBeside};
use crate::error::StoreError;
use crate::sqlite::{Bound, read_all};
use crate::{closed_file, feed, history, row_json, shape, sqlite_search, table_sql};

/// What a copy knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The authority's history it follows; `None` before the first pull.
    pub epoch: Option<Uuid>,
    /// This file's random id. A copied disk has two files of one id until one of them is told so.
    pub replica: Uuid,
    /// The series of the documents it numbers.
    pub series: i64,
    /// The number of the next command.
    pub next_seq: i64,
    /// Up to here the authority's answers have arrived.
    pub acked: i64,
    /// Whether the commands in the outbox must be executed again before anything else (after an upgrade).
    pub replay_due: bool,
    /// The authority's head when last looked.
    pub seen_rev: i64,
    /// The command at that head.
    pub seen: Option<Mark>,
    /// The shape of the tables the rows were taken for.
    pub shape: i64,
}

impl Meta {
    /// Of a copy that has entered, seen and held nothing yet.
    pub fn fresh(epoch: Option<Uuid>, replica: Uuid, series: i64) -> Self {
        Self { epoch, replica, series, next_seq: 1, acked: 0, replay_due: false, seen_rev: 0, seen: None, shape: shape::shape() }
    }
}

/// What a copy knows of itself, and how far it has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyState {
    /// The one row.
    pub meta: Meta,
    /// The rev of each scope it holds.
    pub cursors: BTreeMap<Scope, i64>,
}

/// A command on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its number on this replica.
    pub seq: i64,
    /// The command.
    pub id: CommandId,
    /// Its envelope, JSON.
    pub envelope: String,
}

/// Rows by their keys.
pub type Keys = HashSet<(Table, Vec<Value>)>;

/// A row as the authority has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulledRow {
    /// The table.
    pub table: Table,
    /// All cells.
    pub stored: Stored,
}

impl PulledRow {
    /// The cells of its key.
    pub fn key(&self) -> &[Value] {
        &self.stored.cells[..self.table.info().key.len()]
    }
}

/// A write beside the business tables.
#[derive(Clone, Debug)]
pub enum Local {
    /// At the authority: from where a command of this transaction came, and what was answered.
    Answered(KeptBeside),
    /// At the authority: a replica gave a command this number.
    Pushed {
        /// The replica.
        replica: Uuid,
        /// Its number.
        seq: i64,
        /// The command.
        id: CommandId,
    },
    /// At the authority: the last series given to a copy.
    Series(i64),
    /// At the authority: a scope is granted to a device, or taken from it.
    Grant {
        /// The device.
        device: DeviceId,
        /// The scope.
        scope: Scope,
        /// Whether it may read it.
        granted: bool,
    },
    /// At the authority: a backup on another machine covers everything up to this rev.
    Stable(i64),
    /// At the authority: removals up to this rev are forgotten.
    DropTombstones(i64),
    /// Every row back to what the authority had, and no command pending on it; but a row that comes next, with all its
    /// cells, need not go back before.
    RestoreBase(Keys),
    /// A row as the authority has it.
    Put(PulledRow),
    /// A row that is gone, if it is still in the scope it went from.
    Gone {
        /// The table.
        table: Table,
        /// Its key.
        key: Vec<Value>,
        /// The scope it went from; `None`: from wherever it is.
        scope: Option<Scope>,
    },
    /// All rows of a scope are removed.
    ClearScope(Scope),
    /// Documents and moves behind the horizon are removed from these scopes.
    ForgetHistory(BTreeSet<Scope>),
    /// A command on its way.
    OutboxAdd(OutboxEntry),
    /// An answered command.
    OutboxDrop(i64),
    /// The outbox anew.
    OutboxReplace(Vec<OutboxEntry>),
    /// A command the authority has taken.
    JournalAdd {
        /// The command.
        id: CommandId,
        /// Its place in the order.
        rev: i64,
        /// When the answer came, UTC milliseconds.
        acked_at: i64,
        /// Its envelope, JSON.
        envelope: String,
    },
    /// Forget what a backup covers and was taken before a moment, and all that was taken before another.
    JournalTrim {
        /// Covered up to this rev.
        stable: i64,
        /// UTC milliseconds, for what is covered.
        covered_before: i64,
        /// UTC milliseconds, for all.
        before: i64,
    },
    /// Forget all of the journal.
    JournalClear,
    /// How far a scope is read; `None`: it is not held.
    Cursor(Scope, Option<i64>),
    /// What this copy knows of itself.
    Meta(Meta),
    /// What became of a command of this copy.
    Verdict {
        /// The command.
        id: CommandId,
        /// What became of it.
        status: Status,
        /// Code of a refusal.
        code: Option<i64>,
        /// Its place in the order.
        rev: i64,
    },
}

/// A look beside the business tables.
#[derive(Clone, Debug)]
pub enum Ask {
    /// The whole outbox.
    Outbox,
    /// Commands of the outbox with a greater number than this, at most so many.
    OutboxAfter(i64, i64),
    /// The commands the authority has taken, in its order.
    Journal,
    /// Whether a pending command changed any of these rows.
    IsTouched(Vec<(Table, Vec<Value>)>),
    /// The sums of these scopes.
    Sums(BTreeSet<Scope>),
}

/// What was looked for.
#[derive(Clone, Debug)]
pub enum Told {
    /// Commands.
    Commands(Vec<OutboxEntry>),
    /// Whether.
    IsTouched(bool),
    /// Sums by scope.
    Sums(BTreeMap<Scope, u128>),
}

/// What this file knows of itself as a copy; `None` where it is none.
pub fn state(connection: &Connection) -> Result<Option<CopyState>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT epoch, replica, series, next_seq, acked, replay_due, seen_rev, seen_id, shape FROM sync_meta WHERE id = 1")?;
    let found = statement
        .query_row([], |row| {
            Ok((
                (row.get::<_, Option<Vec<u8>>>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Option<Vec<u8>>>(7)?),
                [row.get::<_, i64>(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(8)?],
            ))
        })
        .optional()?;
    let Some(((epoch, replica, seen), [series, next_seq, acked, replay_due, seen_rev, shape])) = found else { return Ok(None) };
    let meta = Meta {
        epoch: epoch.as_deref().map(uuid).transpose()?,
        replica: uuid(&replica)?,
        series,
        next_seq,
        acked,
        replay_due: replay_due != 0,
        seen_rev,
        seen: seen.as_deref().map(uuid).transpose()?.map(Mark),
        shape,
    };
    let mut statement = connection.prepare_cached("SELECT scope, rev FROM sync_cursor")?;
    let cursors = statement.query_map([], |row| Ok((Scope(row.get(0)?), row.get(1)?)))?.collect::<Result<_, _>>()?;
    Ok(Some(CopyState { meta, cursors }))
}

/// Bytes of an id.
pub(crate) fn uuid(bytes: &[u8]) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// Makes a fresh file a copy of a company, for a device.
pub fn make(connection: &Connection, company: CompanyId, device: DeviceId, person: Uuid, meta: &Meta) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO installation (id, role, company, device, person) VALUES (1, 'replica', ?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET role = 'replica', company = excluded.company, device = excluded.device, person = excluded.person",
        params![company.0.as_bytes(), device.0.as_bytes(), person.as_bytes()],
    )?;
    write_meta(connection, meta)
}

fn write_meta(connection: &Connection, meta: &Meta) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO sync_meta (id, epoch, replica, series, next_seq, acked, replay_due, seen_rev, seen_id, shape)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, replica = excluded.replica, series = excluded.series,
                next_seq = excluded.next_seq, acked = excluded.acked, replay_due = excluded.replay_due,
                seen_rev = excluded.seen_rev, seen_id = excluded.seen_id, shape = excluded.shape",
        )?
        .execute(params![
            meta.epoch.as_ref().map(|id| id.as_bytes().as_slice()),
            meta.replica.as_bytes(),
            meta.series,
            meta.next_seq,
            meta.acked,
            i64::from(meta.replay_due),
            meta.seen_rev,
            meta.seen.as_ref().map(|mark| mark.0.as_bytes().as_slice()),
            meta.shape
        ])?;
    Ok(())
}

/// Before a program of another version changes the tables: what is pending is taken back, so that the new program
/// can execute it by its own rules. Every start looks at the mark.
pub fn prepare_upgrade(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    if let Some(CopyState { mut meta, .. }) = state(&transaction)? {
        restore_base(&transaction, &Keys::new(), &mut Outcome::default())?;
        meta.replay_due = true;
        write_meta(&transaction, &meta)?;
    }
    Ok(transaction.commit()?)
}

/// What writes leave to those behind them.
#[derive(Default)]
struct Outcome {
    /// Products whose words have to be looked at after rows came and went.
    products: BTreeSet<Uuid>,
    /// Rows that pending commands wrote and that were not taken back, because the authority's come next. Nearly all of
    /// them are right already and lack only their place in the order.
    ours: Keys,
}

/// Writes beside the business tables, in order.
pub(crate) fn perform_all(connection: &Connection, company: CompanyId, writes: &[Local]) -> Result<(), StoreError> {
    let mut outcome = Outcome::default();
    for write in writes {
        perform(connection, company, write, &mut outcome)?;
    }
    for product in outcome.products {
        sqlite_search::index_product(connection, company.0, product)?;
    }
    Ok(())
}

fn perform(connection: &Connection, company: CompanyId, write: &Local, outcome: &mut Outcome) -> Result<(), StoreError> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| connection.prepare_cached(sql)?.execute(values).map(|_| ()).map_err(StoreError::from);
    let owner = company.0.as_bytes();
    match write {
        Local::Pushed { replica, seq, id } => run(
            "INSERT INTO replica_seq (company, replica, seq, id) VALUES (?1, ?2, ?3, ?4)",
            params![owner, replica.as_bytes(), seq, id.0.as_bytes()],
        ),
        Local::Answered(kept) => {
            let (id, at, origin) = (kept.command_id.0.as_bytes(), kept.at.0, &kept.origin);
            let (session, api_key) = (origin.session.as_ref().map(Uuid::as_bytes), origin.api_key.as_ref().map(Uuid::as_bytes));
            run(answers::ORIGIN_SQL, params![owner, id, origin.address, session, api_key, at])?;
            let Some(answer) = &kept.answer else { return Ok(()) };
            run(answers::INSERT_SQL, params![owner, id, answer.request_hash.as_slice(), answer.status, answer.headers, answer.body, at])
        }
        Local::Series(series) => run("UPDATE clock SET series = ?2 WHERE company = ?1", params![owner, series]),
        Local::Grant { device, scope, granted: true } => run(
            "INSERT INTO device_scope (company, device, scope) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![owner, device.0.as_bytes(), scope.0],
        ),
        Local::Grant { device, scope, granted: false } => {
            run("DELETE FROM device_scope WHERE company = ?1 AND device = ?2 AND scope = ?3", params![owner, device.0.as_bytes(), scope.0])
        }
        Local::Stable(rev) => run("UPDATE clock SET stable = max(stable, ?2) WHERE company = ?1", params![owner, rev]),
        Local::DropTombstones(rev) => {
            run("DELETE FROM change WHERE company = ?1 AND rev <= ?2", params![owner, rev])?;
            run("UPDATE clock SET tombstone_floor = max(tombstone_floor, ?2) WHERE company = ?1", params![owner, rev])
        }
        Local::RestoreBase(coming) => restore_base(connection, coming, outcome),
        Local::Put(row) => put(connection, company, row, outcome),
        Local::Gone { table, key, scope } => gone(connection, company, *table, key, *scope, outcome),
        Local::ClearScope(scope) => clear_scope(connection, company, *scope, outcome),
        Local::ForgetHistory(scopes) => history::forget(connection, company, scopes),
        Local::OutboxAdd(entry) => add_to_outbox(connection, entry),
        Local::OutboxDrop(seq) => run("DELETE FROM outbox WHERE seq = ?1", params![seq]),
        Local::OutboxReplace(entries) => {
            run("DELETE FROM outbox", &[])?;
            entries.iter().try_for_each(|entry| add_to_outbox(connection, entry))
        }
        Local::JournalAdd { id, rev, acked_at, envelope } => run(
            "INSERT INTO journal (id, rev, acked_at, envelope) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE SET rev = excluded.rev, acked_at = excluded.acked_at",
            params![id.0.as_bytes(), rev, acked_at, envelope],
        ),
        Local::JournalTrim { stable, covered_before, before } => {
            run("DELETE FROM journal WHERE (rev <= ?1 AND acked_at < ?2) OR acked_at < ?3", params![stable, covered_before, before])
        }
        Local::JournalClear => run("DELETE FROM journal", &[]),
        Local::Cursor(scope, Some(rev)) => {
            run("INSERT INTO sync_cursor (scope, rev) VALUES (?1, ?2) ON CONFLICT (scope) DO UPDATE SET rev = excluded.rev", params![scope.0, rev])
        }
        Local::Cursor(scope, None) => run("DELETE FROM sync_cursor WHERE scope = ?1", params![scope.0]),
        Local::Meta(meta) => write_meta(connection, meta),
        Local::Verdict { id, status, code, rev } => {
            run("UPDATE command_log SET status = ?2, code = ?3, rev = ?4 WHERE id = ?1", params![id.0.as_bytes(), status.word(), code, rev])
        }
    }
}

fn add_to_outbox(connection: &Connection, entry: &OutboxEntry) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("INSERT INTO outbox (seq, id, envelope) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![entry.seq, entry.id.0.as_bytes(), entry.envelope])?;
    Ok(())
}

fn note_product(products: &mut BTreeSet<Uuid>, table: &str, first_key: Option<&Value>) {
    if matches!(table, "product" | "barcode" | "product_tag")
        && let Some(Value::Id(id)) = first_key
    {
        products.insert(*id);
    }
}

/// Puts every row back as the authority had it, except those that come. Reads names, not types: it may run under another
/// shape of the tables.
fn restore_base(connection: &Connection, coming: &Keys, outcome: &mut Outcome) -> Result<(), StoreError> {
    let company: Option<Vec<u8>> = connection.query_row("SELECT company FROM installation WHERE id = 1", [], |row| row.get(0)).optional()?;
    let company = Value::Id(uuid(&company.ok_or_else(|| StoreError::Other("a copy without installation".into()))?)?);
    let tables: BTreeMap<&str, Table> = shape::shipped().map(|table| (table.info().name, table)).collect();
    let mut statement = connection.prepare_cached("SELECT table_name, key_cells, cells, rev, scope FROM undo")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, key): (String, String) = (row.get(0)?, row.get(1)?);
        let key = row_json::decode(&key)?;
        note_product(&mut outcome.products, &table, key.first().map(|(_, value)| value));
        if let Some(known) = tables.get(table.as_str())
            && !coming.is_empty()
        {
            let id = (*known, key.iter().map(|(_, value)| value.clone()).collect());
            if coming.contains(&id) {
                outcome.ours.insert(id);
                continue;
            }
        }
        let Some(cells) = row.get::<_, Option<String>>(2)? else {
            let conditions: String = key.iter().map(|(name, _)| format!(" AND {name} = ?")).collect();
            let values = std::iter::once(&company).chain(key.iter().map(|(_, value)| value));
            connection.prepare_cached(&format!("DELETE FROM {table} WHERE company = ?{conditions}"))?.execute(params_from_iter(values.map(Bound)))?;
            continue;
        };
        let cells = row_json::decode(&cells)?;
        let stamp = [Value::Int(row.get(3)?), Value::Int(row.get(4)?)];
        let names: Vec<&str> = cells.iter().map(|(name, _)| name.as_str()).collect();
        let keys: Vec<&str> = key.iter().map(|(name, _)| name.as_str()).collect();
        let values = std::iter::once(&company).chain(cells.iter().map(|(_, value)| value)).chain(&stamp);
        connection.prepare_cached(&table_sql::upsert(&table, &names, &keys))?.execute(params_from_iter(values.map(Bound)))?;
    }
    connection.prepare_cached("DELETE FROM undo")?.execute([])?;
    Ok(())
}

fn put(connection: &Connection, company: CompanyId, row: &PulledRow, outcome: &mut Outcome) -> Result<(), StoreError> {
    let info = row.table.info();
    note_product(&mut outcome.products, info.name, row.stored.cells.first());
    let company = Value::Id(company.0);
    let stamp = [Value::Int(row.stored.rev), Value::Int(row.stored.scope.0)];
    let values = || params_from_iter(std::iter::once(&company).chain(&row.stored.cells).chain(&stamp).map(Bound));
    let sql = table_sql::of(row.table);
    let is_ours = !outcome.ours.is_empty() && outcome.ours.remove(&(row.table, row.key().to_vec()));
    if !is_ours || connection.prepare_cached(&sql.confirm)?.execute(values())? == 0 {
        connection.prepare_cached(&sql.upsert)?.execute(values())?;
    }
    Ok(())
}

fn gone(
    connection: &Connection,
    company: CompanyId,
    table: Table,
    key: &[Value],
    scope: Option<Scope>,
    outcome: &mut Outcome,
) -> Result<(), StoreError> {
    note_product(&mut outcome.products, table.info().name, key.first());
    let company = Value::Id(company.0);
    let scope = scope.map(|scope| Value::Int(scope.0));
    let sql = if scope.is_some() { &table_sql::of(table).gone } else { &table_sql::of(table).remove };
    let values = std::iter::once(&company).chain(key).chain(&scope).map(Bound);
    connection.prepare_cached(sql)?.execute(params_from_iter(values))?;
    Ok(())
}

fn clear_scope(connection: &Connection, company: CompanyId, scope: Scope, outcome: &mut Outcome) -> Result<(), StoreError> {
    for table in shape::shipped() {
        let info = table.info();
        if matches!(table, Table::product | Table::barcode | Table::product_tag) {
            let sql = format!("SELECT {} FROM {} WHERE company = ?1 AND scope = ?2", info.columns[0], info.name);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![company.0.as_bytes(), scope.0])?;
            while let Some(row) = rows.next()? {
                outcome.products.insert(uuid(&row.get::<_, Vec<u8>>(0)?)?);
            }
        }
        let sql = format!("DELETE FROM {} WHERE company = ?1 AND scope = ?2", info.name);
        connection.prepare_cached(&sql)?.execute(params![company.0.as_bytes(), scope.0])?;
    }
    Ok(())
}

/// Keeps what a written row's copies need to follow, or what this copy needs to take it back.
pub(crate) fn keep_trace(connection: &Connection, company: CompanyId, trace: Trace, row: &RowWrite) -> Result<(), StoreError> {
    let info = row.table.info();
    if info.change == Change::OutsideUndo {
        return Ok(());
    }
    match trace {
        Trace::Change => {
            let Some(change) = change_of(row) else { return Ok(()) };
            let mut statement =
                connection.prepare_cached("INSERT INTO change (company, scope, rev, table_name, key_cells, kind) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
            statement.execute(params![company.0.as_bytes(), change.scope.0, row.rev, info.name, change.key, change.kind])?;
        }
        Trace::Undo => {
            let key = row_json::encode(info.key, &row.cells[..info.key.len()]);
            let before = row.before.as_ref();
            let cells = before.map(|before| row_json::encode(info.columns, &before.cells));
            // The first image stands: it is the authority's; later ones are of commands that are pending themselves.
            let mut statement = connection
                .prepare_cached("INSERT INTO undo (table_name, key_cells, cells, rev, scope) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")?;
            let (rev, scope) = before.map_or((0, row.scope.0), |before| (before.rev, before.scope.0));
            statement.execute(params![info.name, key, cells, rev, scope])?;
        }
    }
    Ok(())
}

/// What other copies must be told beside the row itself.
pub(crate) struct RowChange {
    pub(crate) scope: Scope,
    pub(crate) key: String,
    pub(crate) kind: &'static str,
}

/// A removed row, or one that other copies hold from now on.
pub(crate) fn change_of(row: &RowWrite) -> Option<RowChange> {
    let before = row.before.as_ref()?;
    let kind = match row.action {
        Action::Remove => "del",
        Action::Update if before.scope != row.scope => "left",
        Action::Insert | Action::Update => return None,
    };
    let info = row.table.info();
    Some(RowChange { scope: before.scope, key: row_json::encode(info.key, &row.cells[..info.key.len()]), kind })
}

/// Commands that wait in the file of a copy that is closed.
pub fn count_waiting(path: &Path) -> Result<i64, StoreError> {
    let count = closed_file::peek(path, |file| Ok(file.query_row("SELECT COUNT(*) FROM outbox", [], |row| row.get(0))?))?;
    count.ok_or_else(|| StoreError::Other(format!("{} is not there", path.display())))
}

/// Looks beside the business tables.
pub(crate) fn tell(connection: &Connection, company: CompanyId, ask: &Ask) -> Result<Told, StoreError> {
    Ok(match ask {
        Ask::Outbox => Told::Commands(commands(connection, OUTBOX, &[&i64::MIN, &i64::MAX])?),
        Ask::OutboxAfter(after, limit) => Told::Commands(commands(connection, OUTBOX, params![after, limit])?),
        Ask::Journal => Told::Commands(commands(connection, "SELECT rev, id, envelope FROM journal ORDER BY rev, id", &[])?),
        Ask::IsTouched(keys) => Told::IsTouched(is_touched(connection, keys)?),
        Ask::Sums(scopes) => Told::Sums(sums(connection, company, scopes)?),
    })
}

const OUTBOX: &str = "SELECT seq, id, envelope FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2";

fn commands(connection: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<OutboxEntry>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(OutboxEntry { seq: row.get(0)?, id: CommandId(uuid(&row.get::<_, Vec<u8>>(1)?)?), envelope: row.get(2)? });
    }
    Ok(found)
}

fn is_touched(connection: &Connection, keys: &[(Table, Vec<Value>)]) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM undo WHERE table_name = ?1 AND key_cells = ?2")?;
    for (table, key) in keys {
        let info = table.info();
        if statement.exists(params![info.name, row_json::encode(info.key, key)])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The sum over the rows of each scope. A copy has no order by scope, and hardly a row of another one: each table is read once.
pub fn sums(connection: &Connection, company: CompanyId, scopes: &BTreeSet<Scope>) -> Result<BTreeMap<Scope, u128>, StoreError> {
    let mut sums: BTreeMap<Scope, u128> = scopes.iter().map(|scope| (*scope, 0)).collect();
    for (place, table) in shape::shipped().enumerate() {
        for row in read_all(connection, table, &feed::sql_of(place).all, &[Value::Id(company.0)])? {
            if let Some(sum) = sums.get_mut(&row.scope) {
                *sum = sum.wrapping_add(shape::row_sum(table, row.rev, &row.cells));
            }
        }
    }
    Ok(sums)
}

/// The same with nothing pending: what this copy goes back to before the authority's rows come. Nothing is changed.
pub fn base_sums(connection: &Connection, company: CompanyId, scopes: &BTreeSet<Scope>) -> Result<BTreeMap<Scope, u128>, StoreError> {
    let transaction = connection.unchecked_transaction()?;
    restore_base(&transaction, &Keys::new(), &mut Outcome::default())?;
    let found = sums(&transaction, company, scopes)?;
    transaction.rollback()?;
    Ok(found)
}
