//! PostgreSQL: the task that alone executes a process's batches. Other processes may do the same: a company's clock
//! row is locked by each batch, so its commands still have one order.

use std::collections::BTreeMap;

use kontor_domain::cell::{CellKind, Value};
use kontor_domain::ids::{CommandId, CompanyId};
use kontor_domain::world::{Action, Change, RowWrite, Scope, Slice, Stored, Table, TableInfo};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, Executor as _, Row};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::agent::{Agent, Commit, Input, LoadedSlice, LogEntry, Mark, Opened, PushedBefore, Rest, Status, Step, Trace, Waiting};
use crate::answers;
use crate::copy::{self, Local};
use crate::error::StoreError;
use crate::migrations::{self, Engine, Pending};
use crate::rule::Rule;
use crate::search;

mod news;

pub use news::listen;

/// Most messages that wait for the writer before senders wait too.
const QUEUE_LIMIT: usize = 1024;

/// What a database needs before it can be used. A database newer than the program is an error.
pub async fn pending(url: &str) -> Result<Pending, StoreError> {
    sqlx::any::install_default_drivers();
    let mut any = sqlx::AnyConnection::connect(url).await?;
    let pending = migrations::pending(&mut any, Engine::Postgres).await?;
    any.close().await?;
    Ok(pending)
}

/// Migrates a database and starts its writer.
pub async fn start_writer<A: Agent>(url: &str, agent: A) -> Result<mpsc::Sender<A::Message>, StoreError> {
    sqlx::any::install_default_drivers();
    let mut any = sqlx::AnyConnection::connect(url).await?;
    migrations::pending(&mut any, Engine::Postgres).await?;
    migrations::run(&mut any, Engine::Postgres).await?;
    any.close().await?;
    let connection = connect(url).await?;
    let (sender, receiver) = mpsc::channel(QUEUE_LIMIT);
    tokio::spawn(run(url.to_owned(), connection, agent, receiver));
    Ok(sender)
}

/// A connection that looks rows up by index and nothing else: an empty table's statistics would otherwise make the
/// planner scan it for ever after (one look-up 2.2 ms instead of 0.04).
pub async fn connect(url: &str) -> Result<PgConnection, StoreError> {
    let mut connection = PgConnection::connect(url).await?;
    for setting in ["enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_bitmapscan", "enable_material", "jit"] {
        sqlx::query(AssertSqlSafe(format!("SET {setting} = off"))).execute(&mut connection).await?;
    }
    sqlx::query("SET plan_cache_mode = force_generic_plan").execute(&mut connection).await?;
    Ok(connection)
}

/// Rows that were written since plans were made, by table. A statement's plan is made once; one made while its table
/// was empty would read all rows of a company for ever after. So plans are made anew whenever a table has doubled.
#[derive(Debug, Default)]
struct Growth(BTreeMap<Table, Grown>);

#[derive(Debug)]
struct Grown {
    rows: u64,
    next_plans_at: u64,
}

impl Growth {
    fn has_doubled(&mut self, commit: &Commit) -> bool {
        let mut doubled = false;
        for row in commit.writes.iter().filter(|row| row.action == Action::Insert) {
            let grown = self.0.entry(row.table).or_insert(Grown { rows: 0, next_plans_at: 32 });
            grown.rows += 1;
            if grown.rows >= grown.next_plans_at {
                grown.next_plans_at = grown.rows * 2;
                doubled = true;
            }
        }
        doubled
    }
}

async fn run<A: Agent>(url: String, mut connection: PgConnection, mut agent: A, mut receiver: mpsc::Receiver<A::Message>) {
    let mut growth = Growth::default();
    while let Some(first) = receiver.recv().await {
        let mut waiting = Waiting::gather::<A>(first, || receiver.try_recv().ok());
        while let Some(messages) = waiting.batch::<A>() {
            waiting.put_back(execute(&mut connection, &mut agent, &mut growth, messages).await);
        }
        if connection.ping().await.is_err()
            && let Ok(fresh) = connect(&url).await
        {
            connection = fresh;
        }
    }
}

async fn execute<A: Agent>(connection: &mut PgConnection, agent: &mut A, growth: &mut Growth, messages: Vec<A::Message>) -> Rest<A::Message> {
    agent.begin(messages);
    let result = drive(connection, agent, growth).await;
    if let Err(error) = &result {
        tracing::error!(%error, "batch");
    }
    agent.finish(result)
}

async fn drive<A: Agent>(connection: &mut PgConnection, agent: &mut A, growth: &mut Growth) -> Result<(), StoreError> {
    let mut transaction = connection.begin().await?;
    let mut company = None;
    let mut input = Input::Start;
    loop {
        match agent.step(input)? {
            Step::Open { company: opened, commands, pushed } => {
                company = Some(opened);
                input = Input::Opened(open_clock(&mut transaction, opened, &commands, &pushed).await?);
            }
            Step::Ask(_) | Step::Write(_) => return Err(a_copy_is_a_file()),
            Step::Load(slices) => {
                let company = company.ok_or_else(|| StoreError::Other("load before open".into()))?;
                let mut loaded = Vec::new();
                for slice in slices {
                    loaded.push(load(&mut transaction, company, slice).await?);
                }
                input = Input::Loaded(loaded);
            }
            Step::Commit(commit) => {
                write(&mut transaction, &commit).await?;
                news::tell(&mut transaction, commit.company).await?;
                transaction.commit().await?;
                if growth.has_doubled(&commit)
                    && let Err(error) = connection.execute("DISCARD PLANS").await
                {
                    tracing::warn!(%error, "plans");
                }
                return Ok(());
            }
            Step::Nothing => return Ok(transaction.rollback().await?),
        }
    }
}

const CLOCK_SQL: &str = "SELECT rev, last_at, series, epoch, chain FROM clock WHERE company = $1";
const LOCKED_CLOCK_SQL: &str = "SELECT rev, last_at, series, epoch, chain FROM clock WHERE company = $1 FOR UPDATE";

/// Locks the company's clock in a statement of its own: a snapshot taken before the wait would be old after it. Under
/// this lock revs are handed out, and they are visible when it is released: no reader passes one that is still to come.
async fn open_clock(
    connection: &mut PgConnection,
    company: CompanyId,
    commands: &[CommandId],
    pushed: &[(Uuid, Vec<i64>)],
) -> Result<Opened, StoreError> {
    sqlx::query("INSERT INTO clock (company, rev, epoch, last_at) VALUES ($1, 0, uuid_send(gen_random_uuid()), 0) ON CONFLICT DO NOTHING")
        .bind(company.0.as_bytes().as_slice())
        .execute(&mut *connection)
        .await?;
    let clock = sqlx::query(if Rule::RevsInOrder.holds() { LOCKED_CLOCK_SQL } else { CLOCK_SQL })
        .bind(company.0.as_bytes().as_slice())
        .fetch_one(&mut *connection)
        .await?;
    let mut known = Vec::new();
    for id in commands {
        let found = sqlx::query("SELECT rev, number, at, status, code FROM command_log WHERE id = $1 AND company = $2")
            .bind(id.0.as_bytes().as_slice())
            .bind(company.0.as_bytes().as_slice())
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = found {
            known.push(known_entry(*id, &row)?);
        }
    }
    let mut before = Vec::with_capacity(pushed.len());
    for (replica, seqs) in pushed {
        before.push(pushed_before(connection, company, *replica, seqs).await?);
    }
    let epoch = Some(copy::uuid(&clock.try_get::<Vec<u8>, _>(3)?)?);
    let chain = clock.try_get::<Option<Vec<u8>>, _>(4)?.as_deref().map(copy::uuid).transpose()?.map(Mark);
    Ok(Opened { rev: clock.try_get(0)?, last_at: clock.try_get(1)?, known, epoch, chain, series: clock.try_get(2)?, pushed: before, copy: None })
}

async fn pushed_before(connection: &mut PgConnection, company: CompanyId, replica: Uuid, seqs: &[i64]) -> Result<PushedBefore, StoreError> {
    let last = sqlx::query("SELECT coalesce(MAX(seq), 0) FROM replica_seq WHERE company = $1 AND replica = $2")
        .bind(company.0.as_bytes().as_slice())
        .bind(replica.as_bytes().as_slice())
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    let mut known = Vec::new();
    for seq in seqs {
        let found = sqlx::query("SELECT id FROM replica_seq WHERE company = $1 AND replica = $2 AND seq = $3")
            .bind(company.0.as_bytes().as_slice())
            .bind(replica.as_bytes().as_slice())
            .bind(seq)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = found {
            known.push((*seq, CommandId(copy::uuid(&row.try_get::<Vec<u8>, _>(0)?)?)));
        }
    }
    Ok(PushedBefore { replica, last, known })
}

fn a_copy_is_a_file() -> StoreError {
    StoreError::Other("a copy is a file, not a server's database".into())
}

/// What the authority writes about itself and its copies.
async fn perform(connection: &mut PgConnection, company: CompanyId, write: &Local) -> Result<(), StoreError> {
    let owner = company.0.as_bytes().as_slice();
    let query = match write {
        Local::Pushed { replica, seq, id } => sqlx::query("INSERT INTO replica_seq (company, replica, seq, id) VALUES ($1, $2, $3, $4)")
            .bind(owner)
            .bind(replica.as_bytes().as_slice())
            .bind(*seq)
            .bind(id.0.as_bytes().as_slice()),
        Local::Answered(kept) => {
            let (id, at, origin) = (kept.command_id.0.as_bytes().as_slice(), kept.at.0, &kept.origin);
            let bytes = |by: &Option<Uuid>| by.map(|by| by.as_bytes().to_vec());
            let from = sqlx::query(answers::ORIGIN_SQL).bind(owner).bind(id).bind(&origin.address);
            let from = from.bind(bytes(&origin.session)).bind(bytes(&origin.api_key)).bind(at);
            let Some(answer) = &kept.answer else { return from.execute(&mut *connection).await.map(|_| ()).map_err(StoreError::from) };
            from.execute(&mut *connection).await?;
            let query = sqlx::query(answers::INSERT_SQL).bind(owner).bind(id).bind(answer.request_hash.as_slice());
            query.bind(i64::from(answer.status)).bind(&answer.headers).bind(&answer.body).bind(at)
        }
        Local::Series(series) => sqlx::query("UPDATE clock SET series = $2 WHERE company = $1").bind(owner).bind(*series),
        Local::Grant { device, scope, granted } => sqlx::query(if *granted {
            "INSERT INTO device_scope (company, device, scope) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM device_scope WHERE company = $1 AND device = $2 AND scope = $3"
        })
        .bind(owner)
        .bind(device.0.as_bytes().as_slice())
        .bind(scope.0),
        Local::Stable(rev) => sqlx::query("UPDATE clock SET stable = greatest(stable, $2) WHERE company = $1").bind(owner).bind(*rev),
        Local::DropTombstones(rev) => {
            sqlx::query("DELETE FROM change WHERE company = $1 AND rev <= $2").bind(owner).bind(*rev).execute(&mut *connection).await?;
            sqlx::query("UPDATE clock SET tombstone_floor = greatest(tombstone_floor, $2) WHERE company = $1").bind(owner).bind(*rev)
        }
        Local::RestoreBase(_)
        | Local::Put(_)
        | Local::Gone { .. }
        | Local::ClearScope(_)
        | Local::ForgetHistory(_)
        | Local::OutboxAdd(_)
        | Local::OutboxDrop(_)
        | Local::OutboxReplace(_)
        | Local::JournalAdd { .. }
        | Local::JournalTrim { .. }
        | Local::JournalClear
        | Local::Cursor(..)
        | Local::Meta(_)
        | Local::Verdict { .. } => return Err(a_copy_is_a_file()),
    };
    query.execute(connection).await?;
    Ok(())
}

fn known_entry(id: CommandId, row: &PgRow) -> Result<LogEntry, StoreError> {
    let status = Status::of(row.try_get(3)?)?;
    Ok(LogEntry::verdict_of(id, row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, status, row.try_get(4)?))
}

fn load_sql(info: &TableInfo, names: &[&str]) -> String {
    let condition: String = names.iter().enumerate().map(|(place, name)| format!(" AND {name} = ${}", place + 2)).collect();
    format!("SELECT {}, scope, rev FROM {} WHERE company = $1{condition}", info.columns.join(", "), info.name)
}

/// Every statement that looks rows of a table up before or while writing them: for the test of their plans.
pub fn lookups(table: Table) -> Vec<String> {
    let info = table.info();
    let mut statements = vec![load_sql(info, info.key)];
    statements.extend(info.indexes.iter().map(|index| load_sql(info, std::slice::from_ref(index))));
    if info.change != Change::Append && info.columns.len() > info.key.len() {
        statements.push(update_sql(info));
    }
    if info.change == Change::Remove {
        statements.push(remove_sql(info));
    }
    statements
}

async fn load(connection: &mut PgConnection, company: CompanyId, slice: Slice) -> Result<LoadedSlice, StoreError> {
    let (info, sql, values): (&TableInfo, String, Vec<Value>) = match &slice {
        Slice::Key(table, key) => (table.info(), load_sql(table.info(), table.info().key), key.clone()),
        Slice::Index(table, index, value) => {
            let info = table.info();
            (info, load_sql(info, std::slice::from_ref(&info.indexes[*index])), vec![value.clone()])
        }
    };
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(company.0.as_bytes().to_vec());
    for value in values {
        query = match value {
            Value::Int(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Id(id) => query.bind(id.as_bytes().to_vec()),
            Value::Null => query.bind(None::<String>),
        };
    }
    let rows = query.fetch_all(connection).await?;
    let rows = rows.iter().map(|row| cells(info, row)).collect::<Result<Vec<_>, _>>()?;
    Ok((slice, rows))
}

pub(crate) fn cells(info: &TableInfo, row: &PgRow) -> Result<Stored, StoreError> {
    let mut cells = Vec::with_capacity(info.columns.len());
    for (index, kind) in info.kinds.iter().enumerate() {
        cells.push(match kind {
            CellKind::Int => row.try_get::<Option<i64>, _>(index)?.map_or(Value::Null, Value::Int),
            CellKind::Text => row.try_get::<Option<String>, _>(index)?.map_or(Value::Null, Value::Text),
            CellKind::Id => match row.try_get::<Option<Vec<u8>>, _>(index)? {
                None => Value::Null,
                Some(bytes) => Value::Id(Uuid::from_slice(&bytes).map_err(|error| StoreError::Damaged(error.to_string()))?),
            },
        });
    }
    Ok(Stored { cells, scope: Scope(row.try_get(info.columns.len())?), rev: row.try_get(info.columns.len() + 1)? })
}

/// Writes rows table by table, many to a statement: one JSON array of arrays for each table and action.
async fn write(connection: &mut PgConnection, commit: &Commit) -> Result<(), StoreError> {
    let mut groups: BTreeMap<(Table, u8), Vec<&RowWrite>> = BTreeMap::new();
    for row in &commit.writes {
        groups.entry((row.table, row.action as u8)).or_default().push(row);
    }
    for ((table, _), rows) in groups {
        let Some(action) = rows.first().map(|row| row.action) else { continue };
        let sql = match action {
            Action::Insert => insert_sql(table.info()),
            Action::Update => update_sql(table.info()),
            Action::Remove => remove_sql(table.info()),
        };
        let json = rows_json(&rows)?;
        let done = sqlx::query(AssertSqlSafe(sql)).bind(commit.company.0.as_bytes().as_slice()).bind(json).execute(&mut *connection).await?;
        if done.rows_affected() != rows.len() as u64 {
            return Err(StoreError::Other(format!("{} of {} rows of {} written", done.rows_affected(), rows.len(), table.info().name)));
        }
    }
    for product in crate::sqlite::searched_products(&commit.writes) {
        index_product(connection, commit.company.0, product).await?;
    }
    if commit.trace == Trace::Change {
        write_changes(connection, commit).await?;
    }
    write_log(connection, commit).await?;
    sqlx::query("UPDATE clock SET rev = $2, last_at = $3, chain = coalesce($4, chain) WHERE company = $1")
        .bind(commit.company.0.as_bytes().as_slice())
        .bind(commit.rev)
        .bind(commit.last_at)
        .bind(commit.chain.map(|mark| mark.0.as_bytes().to_vec()))
        .execute(&mut *connection)
        .await?;
    for write in &commit.local {
        perform(connection, commit.company, write).await?;
    }
    Ok(())
}

async fn write_changes(connection: &mut PgConnection, commit: &Commit) -> Result<(), StoreError> {
    for row in commit.writes.iter().filter(|row| row.table.info().change != Change::OutsideUndo) {
        let Some(change) = copy::change_of(row) else { continue };
        sqlx::query("INSERT INTO change (company, scope, rev, table_name, key_cells, kind) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(commit.company.0.as_bytes().as_slice())
            .bind(change.scope.0)
            .bind(row.rev)
            .bind(row.table.info().name)
            .bind(change.key)
            .bind(change.kind)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn rows_json(rows: &[&RowWrite]) -> Result<String, StoreError> {
    let json: Vec<Vec<serde_json::Value>> = rows
        .iter()
        .map(|row| {
            let stamp = [Value::Int(row.rev), Value::Int(row.scope.0)];
            let stamped = if row.action == Action::Remove { &stamp[..0] } else { &stamp[..] };
            row.cells.iter().chain(stamped).map(json_cell).collect()
        })
        .collect();
    serde_json::to_string(&json).map_err(|error| StoreError::Other(error.to_string()))
}

fn json_cell(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Int(number) => (*number).into(),
        Value::Text(text) => text.clone().into(),
        Value::Id(id) => id.simple().to_string().into(),
    }
}

/// The value at a place of a JSON row `r`, as its column's type (a table may have a column `value`, too).
fn place(kind: CellKind, index: usize) -> String {
    match kind {
        CellKind::Int => format!("CAST(r.value->>{index} AS BIGINT)"),
        CellKind::Text => format!("r.value->>{index}"),
        CellKind::Id => format!("unhex(r.value->>{index})"),
    }
}

fn places(info: &TableInfo) -> Vec<String> {
    let stamp = [CellKind::Int, CellKind::Int];
    info.kinds.iter().chain(&stamp).enumerate().map(|(index, kind)| place(*kind, index)).collect()
}

fn insert_sql(info: &TableInfo) -> String {
    format!(
        "INSERT INTO {} (company, {}, rev, scope) SELECT $1, {} FROM jsonb_each_row($2) r",
        info.name,
        info.columns.join(", "),
        places(info).join(", ")
    )
}

fn key_condition(info: &TableInfo) -> String {
    (0..info.key.len()).map(|index| format!(" AND t.{} = {}", info.key[index], place(info.kinds[index], index))).collect()
}

fn update_sql(info: &TableInfo) -> String {
    let names: Vec<&str> = info.columns.iter().copied().chain(["rev", "scope"]).collect();
    let values = places(info);
    let first = info.key.len();
    let assignments = names[first..].iter().zip(&values[first..]).map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ");
    format!("UPDATE {} t SET {assignments} FROM jsonb_each_row($2) r WHERE t.company = $1{}", info.name, key_condition(info))
}

fn remove_sql(info: &TableInfo) -> String {
    format!("DELETE FROM {} t USING jsonb_each_row($2) r WHERE t.company = $1{}", info.name, key_condition(info))
}

async fn write_log(connection: &mut PgConnection, commit: &Commit) -> Result<(), StoreError> {
    for entry in &commit.log {
        sqlx::query(
            "INSERT INTO command_log (id, company, rev, device, actor, name, version, args, number, at, received_at, status, code, replica, seq, chain, offset_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        )
        .bind(entry.id.0.as_bytes().as_slice())
        .bind(commit.company.0.as_bytes().as_slice())
        .bind(entry.rev)
        .bind(entry.device.as_bytes().as_slice())
        .bind(entry.actor.as_bytes().as_slice())
        .bind(&entry.name)
        .bind(entry.version)
        .bind(&entry.args)
        .bind(&entry.number)
        .bind(entry.at)
        .bind(entry.received_at)
        .bind(entry.status.word())
        .bind(entry.code)
        .bind(entry.pushed.map(|pushed| pushed.replica.as_bytes().to_vec()))
        .bind(entry.pushed.map(|pushed| pushed.seq))
        .bind(entry.chain.map(|mark| mark.0.as_bytes().to_vec()))
        .bind(entry.pushed.map(|pushed| pushed.offset_ms))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn index_product(connection: &mut PgConnection, company: Uuid, product: Uuid) -> Result<(), StoreError> {
    let (company, product) = (company.as_bytes().to_vec(), product.as_bytes().to_vec());
    sqlx::query("DELETE FROM product_words WHERE company = $1 AND product_id = $2").bind(&company).bind(&product).execute(&mut *connection).await?;
    let rows = sqlx::query(
        "SELECT code FROM product WHERE company = $1 AND id = $2 AND active = 1
         UNION ALL SELECT name FROM product WHERE company = $1 AND id = $2 AND active = 1
         UNION ALL SELECT barcode FROM barcode WHERE company = $1 AND product_id = $2
         UNION ALL SELECT tag FROM product_tag WHERE company = $1 AND product_id = $2",
    )
    .bind(&company)
    .bind(&product)
    .fetch_all(&mut *connection)
    .await?;
    let texts = rows.iter().map(|row| row.try_get::<String, _>(0)).collect::<Result<Vec<_>, _>>()?;
    let active = sqlx::query("SELECT 1 FROM product WHERE company = $1 AND id = $2 AND active = 1")
        .bind(&company)
        .bind(&product)
        .fetch_optional(&mut *connection)
        .await?;
    if active.is_none() {
        return Ok(());
    }
    let words = search::index_words(texts.iter().map(String::as_str));
    sqlx::query("INSERT INTO product_words (company, product_id, words) VALUES ($1, $2, array_to_tsvector(string_to_array($3, ' ')))")
        .bind(&company)
        .bind(&product)
        .bind(words)
        .execute(connection)
        .await?;
    Ok(())
}
