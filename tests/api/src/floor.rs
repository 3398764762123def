//! The floor: a bare handler that runs the same SQL through the same driver, with the same durability, and knows nothing
//! of companies, rights, rules or tags.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use kontor_domain::cell::Value;
use kontor_server::identity::passwords::{self, Hasher};
use kontor_sync::enrol::Secret;
use serde_json::{Value as Json, json};
use sqlx::any::{Any, AnyArguments, AnyPoolOptions, AnyRow};
use sqlx::postgres::PgPoolOptions;
use sqlx::query::Query;
use sqlx::{AnyPool, AssertSqlSafe, PgPool, Row as _};
use uuid::Uuid;

use crate::ground::PASSWORD;

/// Connections for reading, as the server has.
const READERS: u32 = 4;
/// Connections for writing: on PostgreSQL each request has a transaction of its own.
const WRITERS: u32 = 16;

/// A cell of a row that is written again.
#[derive(Clone, Debug)]
pub enum Cell {
    /// NULL of a text.
    Null,
    /// NULL of a number.
    NullInt,
    /// NULL of an id.
    NullId,
    /// A number.
    Int(i64),
    /// Text.
    Text(String),
    /// An id.
    Id(Vec<u8>),
    /// An id that is another one each time: the `n`th of the command.
    Fresh(usize),
    /// The number of the command in the order of all.
    Rev,
}

/// A statement that writes a row, with its cells.
#[derive(Clone, Debug)]
pub struct Written {
    /// The SQL, with `$1` and so on.
    pub sql: String,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// Where writes go.
enum Writer {
    File(Mutex<rusqlite::Connection>),
    Postgres(PgPool),
}

/// What the bare handlers share.
pub struct Floor {
    pool: AnyPool,
    company: Vec<u8>,
    product: Vec<u8>,
    list: (String, Vec<Value>),
    writer: Writer,
    writes: BTreeMap<&'static str, Vec<Written>>,
    hasher: Hasher,
    /// What the password of everybody hashes to.
    hash: String,
    rev: std::sync::atomic::AtomicI64,
}

/// What the floor is laid on.
pub struct Ground {
    /// Address for reading.
    pub url: String,
    /// The file that is written to; `None`: PostgreSQL.
    pub file: Option<std::path::PathBuf>,
    /// The company.
    pub company: Uuid,
    /// The product that is read.
    pub product: Uuid,
    /// How the first page of products is read: the store's own statement and what is bound to it.
    pub list: (String, Vec<Value>),
    /// What is written, by path.
    pub writes: BTreeMap<&'static str, Vec<Written>>,
}

const PRODUCT_SQL: &str = "SELECT id, code, name, description, unit, category_id, tax_id, price, low_threshold, high_threshold, favourite, active
    FROM product WHERE company = $1 AND id = $2";
const BARCODES_SQL: &str = "SELECT product_id, barcode, pack, pack_unit, pack_price FROM barcode WHERE company = $1 AND product_id = $2";
const TAGS_SQL: &str = "SELECT product_id, tag FROM product_tag WHERE company = $1 AND product_id = $2";

impl Floor {
    /// Opens it.
    pub async fn open(ground: Ground) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new().max_connections(READERS).min_connections(1).connect(&ground.url).await?;
        let writer = match &ground.file {
            Some(path) => {
                let connection = rusqlite::Connection::open(path)?;
                for (name, value) in [("journal_mode", "WAL"), ("synchronous", "FULL"), ("temp_store", "MEMORY")] {
                    connection.pragma_update(None, name, value)?;
                }
                connection.pragma_update(None, "wal_autocheckpoint", kontor_store::sqlite::CHECKPOINT_PAGES)?;
                connection.pragma_update(None, "cache_size", -32_000)?;
                connection.pragma_update(None, "foreign_keys", true)?;
                connection.set_prepared_statement_cache_capacity(256);
                Writer::File(Mutex::new(connection))
            }
            None => Writer::Postgres(PgPoolOptions::new().max_connections(WRITERS).min_connections(1).connect(&ground.url).await?),
        };
        Ok(Self {
            pool,
            company: ground.company.as_bytes().to_vec(),
            product: ground.product.as_bytes().to_vec(),
            list: ground.list,
            writer,
            writes: ground.writes,
            hasher: Hasher::start()?,
            hash: passwords::hash(&Secret(PASSWORD.into()))?,
            rev: std::sync::atomic::AtomicI64::new(1 << 40),
        })
    }

    /// Answers on a free port.
    pub async fn serve(self) -> Result<SocketAddr> {
        let app = Arc::new(self);
        let router = Router::new()
            .route("/list", get(list))
            .route("/get", get(find))
            .route("/sale", post(|state: State<Arc<Floor>>| write("/sale", state)))
            .route("/change", post(|state: State<Arc<Floor>>| write("/change", state)))
            .route("/login", post(login))
            .with_state(app);
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        tokio::spawn(axum_server::from_tcp(listener)?.serve(router.into_make_service()));
        Ok(address)
    }
}

fn hex(row: &AnyRow, index: usize) -> Json {
    match row.try_get::<Option<Vec<u8>>, _>(index) {
        Ok(Some(bytes)) => Uuid::from_slice(&bytes).map_or(Json::Null, |id| id.to_string().into()),
        _ => Json::Null,
    }
}

fn text(row: &AnyRow, index: usize) -> Json {
    row.try_get::<Option<String>, _>(index).ok().flatten().into()
}

fn number(row: &AnyRow, index: usize) -> Json {
    row.try_get::<Option<i64>, _>(index).ok().flatten().into()
}

/// An answer, or that there is none.
fn answer(result: Result<Json>) -> axum::response::Response {
    match result {
        Ok(json) => ([("content-type", "application/json")], json.to_string()).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn list(State(floor): State<Arc<Floor>>) -> axum::response::Response {
    let rows = async {
        let (sql, values) = &floor.list;
        let bind = |query: Query<'static, Any, AnyArguments>, value: &Value| match value {
            Value::Null => query.bind(None::<i64>),
            Value::Int(number) => query.bind(*number),
            Value::Text(text) => query.bind(text.clone()),
            Value::Id(id) => query.bind(id.as_bytes().to_vec()),
        };
        let query = values.iter().fold(sqlx::query(AssertSqlSafe(sql.clone())), bind);
        let rows = query.fetch_all(&floor.pool).await?;
        let json = |row: &AnyRow| {
            json!({ "id": hex(row, 0), "code": text(row, 1), "name": text(row, 2), "unit": text(row, 3), "category_id": hex(row, 4),
                "category_name": text(row, 5), "hue": number(row, 6), "tax_id": hex(row, 7), "tax_rate": number(row, 8),
                "price": number(row, 9), "on_hand": number(row, 10), "low_threshold": number(row, 11), "active": number(row, 12),
                "thumbnail": text(row, 13) })
        };
        Ok(json!({ "rows": rows.iter().take(20).map(json).collect::<Vec<_>>() }))
    };
    answer(rows.await)
}

async fn find(State(floor): State<Arc<Floor>>) -> axum::response::Response {
    let found = async {
        let (company, product) = (floor.company.clone(), floor.product.clone());
        let row = sqlx::query(PRODUCT_SQL).bind(company.clone()).bind(product.clone()).fetch_one(&floor.pool).await?;
        let barcodes = sqlx::query(BARCODES_SQL).bind(company.clone()).bind(product.clone()).fetch_all(&floor.pool).await?;
        let tags = sqlx::query(TAGS_SQL).bind(company).bind(product).fetch_all(&floor.pool).await?;
        let barcode =
            |row: &AnyRow| json!({ "barcode": text(row, 1), "pack": number(row, 2), "pack_unit": text(row, 3), "pack_price": number(row, 4) });
        Ok(json!({ "id": hex(&row, 0), "code": text(&row, 1), "name": text(&row, 2), "description": text(&row, 3), "unit": text(&row, 4),
            "category_id": hex(&row, 5), "tax_id": hex(&row, 6), "price": number(&row, 7), "low_threshold": number(&row, 8),
            "high_threshold": number(&row, 9), "favourite": number(&row, 10), "active": number(&row, 11),
            "barcodes": barcodes.iter().map(barcode).collect::<Vec<_>>(), "tags": tags.iter().map(|row| text(row, 1)).collect::<Vec<_>>() }))
    };
    answer(found.await)
}

async fn write(path: &'static str, State(floor): State<Arc<Floor>>) -> axum::response::Response {
    let rev = floor.rev.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let result = match &floor.writer {
        Writer::Postgres(pool) => write_postgres(pool, &floor.writes[path], rev).await,
        Writer::File(_) => {
            let floor = Arc::clone(&floor);
            tokio::task::spawn_blocking(move || write_file(&floor, path, rev)).await.context("a thread").flatten()
        }
    };
    answer(result.map(|()| json!({ "rev": rev })))
}

/// A password is looked at and a session begins: one transaction, and nothing else of what a door does.
async fn login(State(floor): State<Arc<Floor>>) -> axum::response::Response {
    let begun = async {
        let is_right = floor.hasher.verify(Secret(PASSWORD.into()), Some(floor.hash.clone())).await;
        ensure!(is_right.is_ok_and(|is_right| is_right), "not the password");
        let (id, bytes) = (Uuid::new_v4(), |id: Uuid| id.as_bytes().to_vec());
        let mut transaction = floor.pool.begin().await?;
        let sql = "INSERT INTO session (id, company, person, device, address, created_at, expires_at) VALUES ($1, $2, $2, $2, '', $3, $3)";
        sqlx::query(sql).bind(bytes(id)).bind(floor.company.clone()).bind(1_i64 << 42).execute(&mut *transaction).await?;
        let sql = "INSERT INTO refresh_token (id, session, secret_hash, expires_at) VALUES ($1, $2, $3, $4)";
        let token = sqlx::query(sql).bind(bytes(Uuid::new_v4())).bind(bytes(id)).bind(vec![0_u8; 32]).bind(1_i64 << 42);
        token.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(json!({ "session": id.to_string() }))
    };
    answer(begun.await)
}

/// Ids that are new for one command.
fn fresh() -> [Uuid; 4] {
    [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()]
}

fn write_file(floor: &Floor, path: &str, rev: i64) -> Result<()> {
    use rusqlite::types::Value;
    let Writer::File(connection) = &floor.writer else { return Ok(()) };
    let ids = fresh();
    let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for row in &floor.writes[path] {
        let cells = row.cells.iter().map(|cell| match cell {
            Cell::Null | Cell::NullInt | Cell::NullId => Value::Null,
            Cell::Int(number) => Value::Integer(*number),
            Cell::Text(text) => Value::Text(text.clone()),
            Cell::Id(bytes) => Value::Blob(bytes.clone()),
            Cell::Fresh(place) => Value::Blob(ids[*place].as_bytes().to_vec()),
            Cell::Rev => Value::Integer(rev),
        });
        transaction.prepare_cached(&row.sql)?.execute(rusqlite::params_from_iter(cells))?;
    }
    transaction.commit()?;
    Ok(())
}

async fn write_postgres(pool: &PgPool, rows: &[Written], rev: i64) -> Result<()> {
    let ids = fresh();
    let mut transaction = pool.begin().await?;
    for row in rows {
        let mut query = sqlx::query(AssertSqlSafe(row.sql.clone()));
        for cell in &row.cells {
            query = match cell {
                Cell::Null => query.bind(None::<String>),
                Cell::NullInt => query.bind(None::<i64>),
                Cell::NullId => query.bind(None::<Vec<u8>>),
                Cell::Int(number) => query.bind(*number),
                Cell::Text(text) => query.bind(text.clone()),
                Cell::Id(bytes) => query.bind(bytes.clone()),
                Cell::Fresh(place) => query.bind(ids[*place].as_bytes().to_vec()),
                Cell::Rev => query.bind(rev),
            };
        }
        query.execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}
