//! SQLite: opening a file safely, and the thread that alone writes to it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::Duration;

use kontor_domain::cell::{CellKind, Value};
use kontor_domain::ids::{CommandId, CompanyId};
use kontor_domain::world::{Action, Row as DomainRow, RowWrite, Scope, Slice, Stored, Table};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params, params_from_iter};
use sqlx::AnyConnection;
use sqlx::Connection as _;
use uuid::Uuid;

use crate::agent::{Agent, Commit, Input, LoadedSlice, LogEntry, Mark, Opened, PushedBefore, Rest, Status, Step, Waiting};
use crate::backup::backup_connection;
use crate::checkpoint::{Checkpointer, checkpoint};
use crate::error::StoreError;
use crate::feed::order;
use crate::migrations::{self, Engine, Pending};
use crate::{copy, sqlite_search, statistics, table_sql};

pub use crate::backup::{backup, backup_with_progress};
pub use crate::sqlite_search::optimize_search;
pub(crate) use crate::sqlite_search::searched_products;

/// How long a writer is idle before it copies the WAL into the file.
const CHECKPOINT_IDLE: Duration = Duration::from_millis(400);

/// Pages of WAL (32 MB) after which they are copied into the file: beside the writer, or by the commit itself where there is
/// no thread for it.
pub const CHECKPOINT_PAGES: i32 = 8_000;

/// How safely commits are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// Every commit reaches the disk before it is acknowledged. The only one for shops.
    Full,
    /// Nothing is waited for: only to show that the power-cut test can fail.
    Off,
}

impl Synchronous {
    /// As SQLite calls it.
    pub(crate) const fn level(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Off => "OFF",
        }
    }
}

/// An open file: locked for this process, migrated, ready for a writer and readers.
#[derive(Debug)]
pub struct SqliteFile {
    path: PathBuf,
    synchronous: Synchronous,
    connection: Connection,
    lock: File,
}

/// Opens (or makes) a file: takes its lock, keeps a copy before migrating, migrates.
pub async fn open(path: &Path, synchronous: Synchronous) -> Result<SqliteFile, StoreError> {
    let lock = take_lock(path)?;
    // On a thread of its own: the migrator's future cannot move between threads, and opening blocks on the disk.
    let owned = path.to_owned();
    let runtime = tokio::runtime::Handle::current();
    let migrated = tokio::task::spawn_blocking(move || runtime.block_on(migrate(&owned))).await;
    migrated.map_err(|error| StoreError::Other(error.to_string()))??;
    let connection = connect(path, synchronous)?;
    Ok(SqliteFile { path: path.to_owned(), synchronous, connection, lock })
}

/// Opens a file that is up to date already: nothing is migrated.
pub fn open_ready(path: &Path, synchronous: Synchronous) -> Result<SqliteFile, StoreError> {
    let lock = take_lock(path)?;
    let connection = connect(path, synchronous)?;
    let found: i64 = connection.query_row("SELECT coalesce(MAX(version), -1) FROM _sqlx_migrations", [], |row| row.get(0))?;
    let known = crate::feed::schema();
    if found == known {
        Ok(SqliteFile { path: path.to_owned(), synchronous, connection, lock })
    } else if found > known {
        Err(StoreError::Newer { found, known })
    } else {
        Err(StoreError::Other(format!("{} is at {found}, not {known}", path.display())))
    }
}

/// The address of a file for sqlx, read-only or not.
pub fn url(path: &Path, mode: &str) -> String {
    let encoded: String = path
        .to_string_lossy()
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() || b"/._-~:\\".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("sqlite://{encoded}?mode={mode}")
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// One process for each file: two writers with their own memory of it would each be wrong.
pub(crate) fn take_lock(path: &Path) -> Result<File, StoreError> {
    let lock_path = lock_path(path);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path).map_err(|error| io_error(&error, path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::AlreadyOpen(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(io_error(&error, path)),
    }
}

pub(crate) fn io_error(error: &std::io::Error, path: &Path) -> StoreError {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotFound => StoreError::ReadOnly(path.display().to_string()),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull,
        _ => StoreError::Other(format!("{}: {error}", path.display())),
    }
}

async fn migrate(path: &Path) -> Result<(), StoreError> {
    sqlx::any::install_default_drivers();
    check_header(path)?;
    let mut connection = AnyConnection::connect(&url(path, "rwc")).await.map_err(|error| StoreError::from(error).about(path))?;
    let pending = migrations::pending(&mut connection, Engine::Sqlite).await.map_err(|error| error.about(path))?;
    if let Pending::Older(_) = pending {
        copy_before_migration(path).map_err(|error| error.about(path))?;
        // Without the tables of copies it cannot be one.
        let mut file = Connection::open(path)?;
        if has_table(&file, "sync_meta")? {
            copy::prepare_upgrade(&mut file).map_err(|error| error.about(path))?;
        }
    }
    if pending != Pending::UpToDate {
        migrations::run(&mut connection, Engine::Sqlite).await.map_err(|error| error.about(path))?;
    }
    connection.close().await.map_err(StoreError::from)?;
    let mut file = Connection::open(path).map_err(|error| StoreError::from(error).about(path))?;
    statistics::ensure(&mut file).and_then(|()| sqlite_search::fill(&mut file)).map_err(|error| error.about(path))
}

/// An empty file as an older program made it, that knew no migration after this one: for tests of upgrades.
#[doc(hidden)]
pub async fn make_older(path: &Path, newest: i64) -> Result<(), StoreError> {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&url(path, "rwc")).await?;
    migrations::run_to(&mut connection, Engine::Sqlite, newest).await?;
    Ok(connection.close().await?)
}

pub(crate) fn has_table(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    Ok(connection.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1")?.exists([name])?)
}

/// A file that is no database is told apart before SQLite could treat it as an empty one.
pub(crate) fn check_header(path: &Path) -> Result<(), StoreError> {
    use std::io::Read as _;
    let Ok(mut file) = File::open(path) else { return Ok(()) };
    let mut header = [0_u8; 16];
    let length = file.metadata().map(|data| data.len()).unwrap_or(0);
    if length == 0 || (file.read_exact(&mut header).is_ok() && &header == b"SQLite format 3\0") {
        Ok(())
    } else {
        Err(StoreError::Damaged(path.display().to_string()))
    }
}

fn copy_before_migration(path: &Path) -> Result<(), StoreError> {
    let source = Connection::open(path)?;
    let mut copy = path.as_os_str().to_owned();
    copy.push(format!(".before-{}.bak", migrations::FILES.len()));
    let copy = PathBuf::from(copy);
    // A migration that was cut off left its copy: what is here now is half of the new version. A copy that cannot be read
    // is none.
    let kept = copy.exists().then(|| newest_migration(&Connection::open(&copy)?)).and_then(Result::ok);
    if let Some(kept) = kept
        && kept < newest_migration(&source)?
    {
        return Ok(());
    }
    backup_connection(&source, &copy)
}

fn newest_migration(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT coalesce(MAX(version), -1) FROM _sqlx_migrations", [], |row| row.get(0))?)
}

fn connect(path: &Path, synchronous: Synchronous) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(|error| StoreError::from(error).about(path))?;
    configure(&connection, synchronous).map_err(|error| error.about(path))?;
    Ok(connection)
}

fn configure(connection: &Connection, synchronous: Synchronous) -> Result<(), StoreError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous.level())?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -32_000)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    keep_plans(connection)?;
    // A write at open tells a read-only folder or a full disk now, not at the first sale.
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    connection.pragma_update(None, "user_version", version)?;
    // Every statement on every table: a copy uses some ten of each.
    connection.set_prepared_statement_cache_capacity(1024);
    Ok(())
}

/// A statement is planned once, whatever is bound to it. Otherwise SQLite plans every `LIMIT ?` anew each time another
/// value is bound: reading the first rows of thirty tables for a copy took longer to plan than to read.
pub(crate) fn keep_plans(connection: &Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

impl SqliteFile {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection, before a writer takes it.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Readies the file for copies to read from: only a server's is asked for rows in their order.
    pub fn serve_copies(mut self) -> Result<Self, StoreError> {
        let made = order::ensure(&mut self.connection).and_then(|()| statistics::ensure(&mut self.connection));
        made.map_err(|error| error.about(&self.path))?;
        Ok(self)
    }

    /// Executes messages now, on this thread: what the writer thread does with what waits.
    pub fn execute<A: Agent>(&mut self, agent: &mut A, messages: Vec<A::Message>) {
        self.work_off(agent, Waiting::of(messages));
    }

    fn work_off<A: Agent>(&mut self, agent: &mut A, mut waiting: Waiting<A::Message>) {
        while let Some(messages) = waiting.batch::<A>() {
            waiting.put_back(execute_once(self, agent, messages));
        }
    }

    /// Starts the writer thread. It ends when all senders are gone, after what they sent is written.
    pub fn start_writer<A: Agent>(self, agent: A) -> Result<Writer<A::Message>, StoreError> {
        let (sender, receiver) = mpsc::channel();
        let checkpointer = Checkpointer::start(&self.path, self.synchronous, &self.connection)?;
        let thread = std::thread::Builder::new().name("kontor-writer".into());
        let thread = thread.spawn(move || run(self, agent, checkpointer, receiver)).map_err(|error| StoreError::Other(error.to_string()))?;
        Ok(Writer { sender, thread: Some(thread) })
    }
}

/// The way to the writer thread.
#[derive(Debug)]
pub struct Writer<M> {
    sender: Sender<M>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl<M> Writer<M> {
    /// A sender for this writer.
    pub fn sender(&self) -> Sender<M> {
        self.sender.clone()
    }

    /// Waits until everything sent is written and the file is closed. Other senders must be gone.
    pub fn close(mut self) {
        let (nobody, _) = mpsc::channel();
        self.sender = nobody;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread ended with a panic");
        }
    }
}

/// The writer's life: take what waits, execute it as one transaction, answer, and tidy up when idle.
fn run<A: Agent>(mut file: SqliteFile, mut agent: A, checkpointer: Checkpointer, receiver: Receiver<A::Message>) {
    let mut idle_since_write = true;
    let mut search = SearchMerge::default();
    loop {
        let first = match receiver.try_recv() {
            Ok(message) => message,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => match wait(&receiver, idle_since_write) {
                Waited::Message(message) => message,
                Waited::Closed => break,
                Waited::Idle => {
                    checkpointer.copy();
                    idle_since_write = !search.step(&file.connection);
                    continue;
                }
            },
        };
        let waiting = Waiting::gather::<A>(first, || receiver.try_recv().ok());
        file.work_off(&mut agent, waiting);
        checkpointer.after_commit();
        idle_since_write = false;
        search.is_due = true;
    }
    checkpointer.close();
    checkpoint(&file.connection);
    drop(file.connection);
    if let Err(error) = file.lock.unlock() {
        tracing::warn!(%error, "lock");
    }
}

enum Waited<M> {
    Message(M),
    Closed,
    Idle,
}

/// Waits for a message; after a write only a while, so that an idle moment can be used for the checkpoint.
fn wait<M>(receiver: &Receiver<M>, for_ever: bool) -> Waited<M> {
    if for_ever {
        return receiver.recv().map_or(Waited::Closed, Waited::Message);
    }
    match receiver.recv_timeout(CHECKPOINT_IDLE) {
        Ok(message) => Waited::Message(message),
        Err(RecvTimeoutError::Timeout) => Waited::Idle,
        Err(RecvTimeoutError::Disconnected) => Waited::Closed,
    }
}

/// Pages of the search index merged at one idle moment: a few milliseconds, so that no sale waits for it.
const MERGE_PAGES: i64 = 64;

/// Keeps the search index in few segments: after many products were written, a look-up would read many.
#[derive(Default)]
struct SearchMerge {
    is_due: bool,
}

impl SearchMerge {
    /// Merges a little; whether there is more to do.
    fn step(&mut self, connection: &Connection) -> bool {
        if !self.is_due {
            return false;
        }
        let before = connection.total_changes();
        let merged = connection.execute("INSERT INTO product_words (product_words, rank) VALUES ('merge', ?1)", [MERGE_PAGES]);
        if let Err(error) = &merged {
            tracing::warn!(%error, "search merge");
        }
        // FTS5's own sign that nothing was left to merge: fewer than two rows changed.
        self.is_due = merged.is_ok() && connection.total_changes() - before >= 2;
        self.is_due
    }
}

/// Executes one batch; returns what is left of it.
fn execute_once<A: Agent>(file: &mut SqliteFile, agent: &mut A, messages: Vec<A::Message>) -> Rest<A::Message> {
    agent.begin(messages);
    let result = drive(&mut file.connection, agent).map_err(|error| error.about(&file.path));
    if let Err(error) = &result {
        tracing::error!(%error, "batch");
    }
    agent.finish(result)
}

fn drive<A: Agent>(connection: &mut Connection, agent: &mut A) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut company = None;
    let mut input = Input::Start;
    loop {
        match agent.step(input)? {
            Step::Open { company: opened, commands, pushed } => {
                company = Some(opened);
                input = Input::Opened(open_clock(&transaction, opened, &commands, &pushed)?);
            }
            Step::Ask(ask) => {
                let company = company.ok_or_else(|| StoreError::Other("ask before open".into()))?;
                input = Input::Told(copy::tell(&transaction, company, &ask)?);
            }
            Step::Write(writes) => {
                let company = company.ok_or_else(|| StoreError::Other("write before open".into()))?;
                copy::perform_all(&transaction, company, &writes)?;
                input = Input::Written;
            }
            Step::Load(slices) => {
                let company = company.ok_or_else(|| StoreError::Other("load before open".into()))?;
                input = Input::Loaded(load(&transaction, company, slices)?);
            }
            Step::Commit(commit) => {
                write(&transaction, &commit)?;
                transaction.commit()?;
                return Ok(());
            }
            Step::Nothing => return Ok(transaction.rollback()?),
        }
    }
}

fn open_clock(connection: &Connection, company: CompanyId, commands: &[CommandId], pushed: &[(Uuid, Vec<i64>)]) -> Result<Opened, StoreError> {
    let clock = connection
        .prepare_cached("SELECT rev, last_at, series, epoch, chain FROM clock WHERE company = ?1")?
        .query_row([company.0.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Vec<u8>>(3)?, row.get::<_, Option<Vec<u8>>>(4)?))
        })
        .optional()?;
    let epoch = clock.as_ref().map(|(_, _, _, epoch, _)| copy::uuid(epoch)).transpose()?;
    let chain = clock.as_ref().and_then(|(.., chain)| chain.as_deref()).map(copy::uuid).transpose()?.map(Mark);
    let (rev, last_at, series) = clock.map_or((0, 0, 1), |(rev, last_at, series, ..)| (rev, last_at, series));
    let mut known = Vec::new();
    let mut statement = connection.prepare_cached("SELECT rev, number, at, status, code FROM command_log WHERE id = ?1 AND company = ?2")?;
    for id in commands {
        let mut rows = statement.query([id.0.as_bytes(), company.0.as_bytes()])?;
        if let Some(row) = rows.next()? {
            let status = Status::of(&row.get::<_, String>(3)?)?;
            known.push(LogEntry::verdict_of(*id, row.get(0)?, row.get(1)?, row.get(2)?, status, row.get(4)?));
        }
    }
    let pushed = pushed.iter().map(|(replica, seqs)| pushed_before(connection, company, *replica, seqs)).collect::<Result<_, _>>()?;
    Ok(Opened { rev, last_at, known, epoch, chain, series, pushed, copy: copy::state(connection)? })
}

fn pushed_before(connection: &Connection, company: CompanyId, replica: Uuid, seqs: &[i64]) -> Result<PushedBefore, StoreError> {
    let key = params![company.0.as_bytes(), replica.as_bytes()];
    let last = connection
        .prepare_cached("SELECT coalesce(MAX(seq), 0) FROM replica_seq WHERE company = ?1 AND replica = ?2")?
        .query_row(key, |row| row.get(0))?;
    let mut statement = connection.prepare_cached("SELECT id FROM replica_seq WHERE company = ?1 AND replica = ?2 AND seq = ?3")?;
    let mut known = Vec::new();
    for seq in seqs {
        let found: Option<Vec<u8>> = statement.query_row(params![company.0.as_bytes(), replica.as_bytes(), seq], |row| row.get(0)).optional()?;
        if let Some(id) = found {
            known.push((*seq, CommandId(copy::uuid(&id)?)));
        }
    }
    Ok(PushedBefore { replica, last, known })
}

/// A value on its way into SQLite.
pub(crate) struct Bound<'a>(pub(crate) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Int(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Id(id) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
        })
    }
}

fn load(connection: &Connection, company: CompanyId, slices: impl IntoIterator<Item = Slice>) -> Result<Vec<LoadedSlice>, StoreError> {
    slices
        .into_iter()
        .map(|slice| {
            let rows = match &slice {
                Slice::Key(table, key) => read_rows(connection, *table, &table_sql::of(*table).select_key, company, key)?,
                Slice::Index(table, index, value) => {
                    let sql = &table_sql::of(*table).select_index[*index];
                    read_rows(connection, *table, sql, company, std::slice::from_ref(value))?
                }
            };
            Ok((slice, rows))
        })
        .collect()
}

fn read_rows(connection: &Connection, table: Table, sql: &str, company: CompanyId, key: &[Value]) -> Result<Vec<Stored>, StoreError> {
    let values: Vec<Value> = std::iter::once(Value::Id(company.0)).chain(key.iter().cloned()).collect();
    read_all(connection, table, sql, &values)
}

/// Rows of a table, typed, by a condition on it, in the order of their keys: for what looks into a file directly.
pub fn find_rows<R: DomainRow>(connection: &Connection, condition: &str, values: &[Value]) -> Result<Vec<R>, StoreError> {
    let info = R::TABLE.info();
    let sql = format!("SELECT {}, scope, rev FROM {} WHERE {condition} ORDER BY {}", info.columns.join(", "), info.name, info.key.join(", "));
    read_all(connection, R::TABLE, &sql, values)?.into_iter().map(|row| Ok(R::from_cells(row.cells)?)).collect()
}

/// Rows of a table: its columns, scope and rev in this order.
pub(crate) fn read_all(connection: &Connection, table: Table, sql: &str, values: &[Value]) -> Result<Vec<Stored>, StoreError> {
    let kinds = table.info().kinds;
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values.iter().map(Bound)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = kinds.iter().enumerate().map(|(index, kind)| cell(row.get_ref(index)?, *kind)).collect::<Result<Vec<_>, StoreError>>()?;
        found.push(Stored { cells, scope: Scope(row.get(kinds.len())?), rev: row.get(kinds.len() + 1)? });
    }
    Ok(found)
}

fn cell(value: ValueRef<'_>, kind: CellKind) -> Result<Value, StoreError> {
    Ok(match (value, kind) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(number), CellKind::Int) => Value::Int(number),
        (ValueRef::Text(text), CellKind::Text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        (ValueRef::Blob(bytes), CellKind::Id) => Value::Id(Uuid::from_slice(bytes).map_err(|error| StoreError::Damaged(error.to_string()))?),
        (other, kind) => return Err(StoreError::Damaged(format!("{other:?} is no {kind:?}"))),
    })
}

fn write(connection: &Connection, commit: &Commit) -> Result<(), StoreError> {
    let company = Value::Id(commit.company.0);
    for row in &commit.writes {
        write_row(connection, &company, row)?;
        copy::keep_trace(connection, commit.company, commit.trace, row)?;
    }
    sqlite_search::search_words(connection, commit)?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO command_log (id, company, rev, device, actor, name, version, args, number, at, received_at, status, code, replica, seq, chain,
            offset_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?;
    for entry in &commit.log {
        statement.execute(params![
            entry.id.0.as_bytes(),
            commit.company.0.as_bytes(),
            entry.rev,
            entry.device.as_bytes(),
            entry.actor.as_bytes(),
            entry.name,
            entry.version,
            entry.args,
            entry.number,
            entry.at,
            entry.received_at,
            entry.status.word(),
            entry.code,
            entry.pushed.as_ref().map(|pushed| pushed.replica.as_bytes().as_slice()),
            entry.pushed.map(|pushed| pushed.seq),
            entry.chain.as_ref().map(|mark| mark.0.as_bytes().as_slice()),
            entry.pushed.map(|pushed| pushed.offset_ms)
        ])?;
    }
    let chain = commit.chain.as_ref().map(|mark| mark.0.as_bytes().as_slice());
    let changed = connection
        .prepare_cached("UPDATE clock SET rev = ?2, last_at = ?3, chain = coalesce(?4, chain) WHERE company = ?1")?
        .execute(params![commit.company.0.as_bytes(), commit.rev, commit.last_at, chain])?;
    if changed == 0 {
        // The first command of a company: its history begins, under an id of its own.
        connection.execute(
            "INSERT INTO clock (company, rev, epoch, last_at, chain) VALUES (?1, ?2, randomblob(16), ?3, ?4)",
            params![commit.company.0.as_bytes(), commit.rev, commit.last_at, chain],
        )?;
    }
    copy::perform_all(connection, commit.company, &commit.local)
}

fn write_row(connection: &Connection, company: &Value, row: &RowWrite) -> Result<(), StoreError> {
    let sql = table_sql::of(row.table);
    let stamp = [Value::Int(row.rev), Value::Int(row.scope.0)];
    let all = || std::iter::once(company).chain(&row.cells).chain(&stamp).map(Bound);
    let refused = || StoreError::Constraint(format!("{} is written once", row.table.info().name));
    let changed = match row.action {
        Action::Insert => connection.prepare_cached(&sql.insert)?.execute(params_from_iter(all()))?,
        Action::Update => connection.prepare_cached(sql.update.as_ref().ok_or_else(refused)?)?.execute(params_from_iter(all()))?,
        Action::Remove => {
            let key = std::iter::once(company).chain(&row.cells).map(Bound);
            connection.prepare_cached(sql.delete.as_ref().ok_or_else(refused)?)?.execute(params_from_iter(key))?
        }
    };
    if changed == 1 { Ok(()) } else { Err(StoreError::Other(format!("{} rows of {} written", changed, row.table.info().name))) }
}
