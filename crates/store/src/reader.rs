//! Reading: hand-written SQL, one text for both engines, through sqlx.

use std::path::{Path, PathBuf};

use kontor_domain::cell::{Cell, CellKind, Value};
use kontor_domain::command::Query;
use kontor_domain::ids::{CompanyId, DeviceId, PersonId};
use kontor_domain::place::Order;
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::world::Row as DomainRow;
use serde::Serialize;
use sqlx::any::{AnyPoolOptions, AnyRow};
use sqlx::query::Query as SqlxQuery;
use sqlx::{Any, AnyPool, AssertSqlSafe, Row};
use uuid::Uuid;

use crate::error::StoreError;
use crate::migrations::Engine;
use crate::sqlite;

/// Most rows of one page.
pub const PAGE_LIMIT: u32 = 500;
/// Connections for reading.
const READERS: u32 = 4;

/// Answers questions of one company.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: AnyPool,
    engine: Engine,
    /// The file, if it is one: named when it cannot be read.
    file: Option<PathBuf>,
}

/// Who asks and when: what queries need beside their own fields.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The company; every statement is held to it.
    pub company: CompanyId,
    /// The device.
    pub device: DeviceId,
    /// The person.
    pub person: PersonId,
    /// The time.
    pub now: Instant,
    /// Today in the company's time zone, as the program reckons.
    pub today: Option<BusinessDate>,
    /// Minutes the company's time zone is ahead of UTC on the day asked for (for figures by hour).
    pub utc_offset_minutes: i64,
}

impl Reader {
    /// Opens readers for a database by its address (`sqlite://…?mode=ro`, `postgres://…`).
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let engine = if url.starts_with("sqlite:") { Engine::Sqlite } else { Engine::Postgres };
        let pool = AnyPoolOptions::new().max_connections(READERS).min_connections(1).connect(url).await?;
        Ok(Self { pool, engine, file: None })
    }

    /// Opens readers for a file.
    pub async fn open_file(path: &Path) -> Result<Self, StoreError> {
        let reader = Self::open(&sqlite::url(path, "ro")).await.map_err(|error| error.about(path))?;
        Ok(Self { file: Some(path.to_owned()), ..reader })
    }

    /// Through connections to a file that are there.
    pub(crate) fn of_file(pool: AnyPool, path: &Path) -> Self {
        Self { pool, engine: Engine::Sqlite, file: Some(path.to_owned()) }
    }

    /// Which database.
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Its connections, for what also writes.
    pub(crate) const fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// The operator with which a part of a text is found, the case of Latin letters aside, on both engines.
    pub(crate) const fn like_operator(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "LIKE",
            Engine::Postgres => "COLLATE \"C\" ILIKE",
        }
    }

    /// Closes its connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Answers a question with JSON of its [`Answer`](kontor_domain::command::Ask::Answer). Permission was checked before.
    pub async fn answer(&self, asker: &Asker, query: &Query) -> Result<String, StoreError> {
        match query {
            Query::Settings(query) => self.answer_settings(asker, query).await,
            Query::Identity(query) => self.answer_identity(asker, query).await,
            Query::Catalog(query) => self.answer_catalog(asker, query).await,
            Query::Stock(query) => self.answer_stock(asker, query).await,
            Query::Counter(query) => self.answer_counter(asker, query).await,
            Query::Printing(query) => self.answer_printing(asker, query).await,
            Query::Attention(query) => self.answer_attention(asker, query).await,
            Query::Reports(query) => self.answer_reports(asker, query).await,
        }
    }

    /// Rows of one table, typed, by a condition on it.
    pub(crate) async fn rows<R: DomainRow>(&self, condition: &str, values: Vec<Value>) -> Result<Vec<R>, StoreError> {
        let info = R::TABLE.info();
        let sql = format!("SELECT {} FROM {} WHERE {condition}", info.columns.join(", "), info.name);
        let found = self.fetch(sql, values).await?;
        found.iter().map(row_of::<R>).collect()
    }

    /// Runs a statement of ours with bound values.
    pub(crate) async fn fetch(&self, sql: String, values: Vec<Value>) -> Result<Vec<AnyRow>, StoreError> {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in values {
            query = bind(query, value);
        }
        query.fetch_all(&self.pool).await.map_err(|error| match &self.file {
            Some(path) => StoreError::from(error).about(path),
            None => error.into(),
        })
    }

    /// The first row of a statement.
    pub(crate) async fn fetch_one(&self, sql: String, values: Vec<Value>) -> Result<Option<AnyRow>, StoreError> {
        Ok(self.fetch(sql, values).await?.into_iter().next())
    }

    /// One number of a statement, 0 without a row.
    pub(crate) async fn number(&self, sql: String, values: Vec<Value>) -> Result<i64, StoreError> {
        match self.fetch_one(sql, values).await? {
            Some(row) => Ok(row.try_get::<Option<i64>, _>(0)?.unwrap_or(0)),
            None => Ok(0),
        }
    }
}

/// Text of an answer.
pub(crate) fn json(answer: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(answer).map_err(|error| StoreError::Other(error.to_string()))
}

/// Holds a page's size to what a screen can show.
/// A direction as SQL says it, and how what is read later compares to a place.
pub(crate) fn direction(order: Option<Order>) -> (&'static str, char) {
    match order.unwrap_or(Order::NewestFirst) {
        Order::NewestFirst => ("DESC", '<'),
        Order::OldestFirst => ("ASC", '>'),
    }
}

pub(crate) fn clamp(limit: u32) -> i64 {
    i64::from(limit.clamp(1, PAGE_LIMIT))
}

pub(crate) fn bind<'q>(
    query: SqlxQuery<'q, Any, <Any as sqlx::Database>::Arguments>,
    value: Value,
) -> SqlxQuery<'q, Any, <Any as sqlx::Database>::Arguments> {
    match value {
        Value::Null => query.bind(None::<i64>),
        Value::Int(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Id(id) => query.bind(id.as_bytes().to_vec()),
    }
}

/// A column as a cell.
pub(crate) fn get<T: Cell>(row: &AnyRow, index: usize) -> Result<T, StoreError> {
    let value = match T::KIND {
        CellKind::Int => row.try_get::<Option<i64>, _>(index)?.map_or(Value::Null, Value::Int),
        CellKind::Text => row.try_get::<Option<String>, _>(index)?.map_or(Value::Null, Value::Text),
        CellKind::Id => match row.try_get::<Option<Vec<u8>>, _>(index)? {
            None => Value::Null,
            Some(bytes) => Value::Id(Uuid::from_slice(&bytes).map_err(|error| StoreError::Damaged(error.to_string()))?),
        },
    };
    Ok(T::from_value(value)?)
}

/// A whole row of a table, its columns first in the statement.
pub(crate) fn row_of<R: DomainRow>(row: &AnyRow) -> Result<R, StoreError> {
    row_at::<R>(row, 0)
}

/// A whole row of a table whose columns begin at a place in the statement.
pub(crate) fn row_at<R: DomainRow>(row: &AnyRow, first: usize) -> Result<R, StoreError> {
    let info = R::TABLE.info();
    let mut cells = Vec::with_capacity(info.columns.len());
    for (index, kind) in info.kinds.iter().enumerate() {
        cells.push(match kind {
            CellKind::Int => row.try_get::<Option<i64>, _>(first + index)?.map_or(Value::Null, Value::Int),
            CellKind::Text => row.try_get::<Option<String>, _>(first + index)?.map_or(Value::Null, Value::Text),
            CellKind::Id => match row.try_get::<Option<Vec<u8>>, _>(first + index)? {
                None => Value::Null,
                Some(bytes) => Value::Id(Uuid::from_slice(&bytes).map_err(|error| StoreError::Damaged(error.to_string()))?),
            },
        });
    }
    Ok(R::from_cells(cells)?)
}

/// A table's columns with a prefix: `s.id, s.number, …`.
pub(crate) fn columns<R: DomainRow>(alias: &str) -> String {
    R::TABLE.info().columns.iter().map(|column| format!("{alias}.{column}")).collect::<Vec<_>>().join(", ")
}

/// Values of a statement: company first, then the rest.
pub(crate) fn values(asker: &Asker, rest: impl IntoIterator<Item = Value>) -> Vec<Value> {
    std::iter::once(Value::Id(asker.company.0)).chain(rest).collect()
}

/// Places of so many values behind those that are bound already: `$3, $4`.
pub(crate) fn place_holders(bound: usize, count: usize) -> String {
    (bound + 1..=bound + count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

/// Text for LIKE that finds it anywhere, with its own wildcards made harmless (`ESCAPE '!'`).
pub(crate) fn like(text: &str) -> String {
    format!("%{}", beginning(text))
}

/// Text for LIKE that finds what begins with it.
pub(crate) fn beginning(text: &str) -> String {
    let escaped: String = text.chars().flat_map(|character| if "!%_".contains(character) { vec!['!', character] } else { vec![character] }).collect();
    format!("{escaped}%")
}
