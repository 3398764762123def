//! Bytes that rows name by their hash: pictures. They are kept beside the business tables, read one by one when somebody looks
//! at them, and never loaded to decide anything. One text for both engines; beside the writer, so that no sale waits for
//! more than one of them to reach the disk.
//!
//! Nobody reads or sends bytes that no row they hold names: what is kept here belongs to a company and to nobody's hash.

use std::collections::BTreeSet;
use std::path::Path;

use kontor_domain::blob::{BlobHash, MediaType};
use kontor_domain::cell::{Cell as _, Value};
use kontor_domain::ids::CompanyId;
use kontor_domain::time::Instant;
use kontor_domain::world::Scope;
use sqlx::any::AnyPoolOptions;
use sqlx::{AssertSqlSafe, Row as _};

use crate::error::StoreError;
use crate::reader::{Reader, bind, get, place_holders};
use crate::sqlite;

/// Bytes and what they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Blob {
    /// Their hash.
    pub sha256: BlobHash,
    /// What they are.
    pub media_type: MediaType,
    /// They.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Blob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blob").field("sha256", &self.sha256).field("media_type", &self.media_type).field("size", &self.bytes.len()).finish()
    }
}

/// Which rows somebody holds.
#[derive(Clone, Copy, Debug)]
pub enum Holds<'a> {
    /// All of the company, or all of this copy.
    All,
    /// Those of these scopes.
    Scopes(&'a BTreeSet<Scope>),
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the shop server.
    Send,
    /// From the shop server.
    Fetch,
}

impl Direction {
    const fn word(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Fetch => "fetch",
        }
    }
}

/// Bytes that wait to go somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Their hash.
    pub sha256: BlobHash,
    /// Where to.
    pub direction: Direction,
    /// How often it was tried.
    pub tries: i64,
    /// When it is tried next.
    pub due_at: Instant,
}

/// Rows that name bytes whose hash stands at a place of the statement.
fn named_by(hash: &str, condition: &str) -> String {
    let rows = |column: &str| format!("SELECT 1 FROM product_image i WHERE i.company = $1 AND i.{column} = {hash}{condition}");
    format!("(EXISTS ({}) OR EXISTS ({}))", rows("sha256"), rows("thumbnail"))
}

/// Reads and writes bytes.
#[derive(Clone, Debug)]
pub struct Blobs {
    reader: Reader,
}

impl Blobs {
    /// Through connections that may write.
    pub(crate) const fn of(reader: Reader) -> Self {
        Self { reader }
    }

    /// Of a file that its writer has open. A connection is made when the first bytes are asked for.
    pub fn open_file(path: &Path) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new().max_connections(1).connect_lazy(&sqlite::url(path, "rw"))?;
        Ok(Self { reader: Reader::of_file(pool, path) })
    }

    /// Closes its connections.
    pub async fn close(&self) {
        self.reader.close().await;
    }

    /// Keeps bytes. Those that are there already are kept as if they came now.
    pub async fn keep(&self, company: CompanyId, blob: &Blob, now: Instant) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO blob (company, sha256, media_type, kept_at, bytes) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (company, sha256) DO UPDATE SET kept_at = excluded.kept_at",
        )
        .bind(company.0.as_bytes().to_vec())
        .bind(blob.sha256.to_string())
        .bind(blob.media_type.word())
        .bind(now.0)
        .bind(blob.bytes.clone())
        .execute(self.reader.pool())
        .await?;
        Ok(())
    }

    /// Whether a row that somebody holds names these bytes.
    pub async fn is_named(&self, company: CompanyId, sha256: BlobHash, holds: Holds<'_>) -> Result<bool, StoreError> {
        let mut values = vec![company.to_value(), sha256.to_value()];
        let condition = match holds {
            Holds::All => String::new(),
            Holds::Scopes(scopes) if scopes.is_empty() => return Ok(false),
            Holds::Scopes(scopes) => {
                let places = place_holders(values.len(), scopes.len());
                values.extend(scopes.iter().map(|scope| Value::Int(scope.0)));
                format!(" AND i.scope IN ({places})")
            }
        };
        let sql = format!("SELECT CASE WHEN {} THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END", named_by("$2", &condition));
        Ok(self.reader.number(sql, values).await? != 0)
    }

    /// The bytes, if they are here. Whether they may be read is [`Self::is_named`].
    pub async fn find(&self, company: CompanyId, sha256: BlobHash) -> Result<Option<Blob>, StoreError> {
        let sql = "SELECT media_type, bytes FROM blob WHERE company = $1 AND sha256 = $2";
        let Some(row) = self.reader.fetch_one(sql.to_owned(), vec![company.to_value(), sha256.to_value()]).await? else { return Ok(None) };
        Ok(Some(Blob { sha256, media_type: get(&row, 0)?, bytes: row.try_get(1)? }))
    }

    /// Whether the bytes are here.
    pub async fn has(&self, company: CompanyId, sha256: BlobHash) -> Result<bool, StoreError> {
        let sql = "SELECT COUNT(*) FROM blob WHERE company = $1 AND sha256 = $2";
        Ok(self.reader.number(sql.to_owned(), vec![company.to_value(), sha256.to_value()]).await? != 0)
    }

    /// Puts bytes into the queue. Those that wait already go on waiting.
    pub async fn queue(&self, company: CompanyId, sha256: BlobHash, direction: Direction, now: Instant) -> Result<(), StoreError> {
        let sql = "INSERT INTO blob_queue (company, sha256, direction, tries, due_at) VALUES ($1, $2, $3, 0, $4) ON CONFLICT DO NOTHING";
        self.change(sql, vec![company.to_value(), sha256.to_value(), Value::Text(direction.word().to_owned()), Value::Int(now.0)]).await.map(|_| ())
    }

    /// All bytes that are here are sent again: the shop server may have lost them.
    pub async fn queue_all(&self, company: CompanyId, now: Instant) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO blob_queue (company, sha256, direction, tries, due_at) SELECT company, sha256, 'send', 0, $2 FROM blob WHERE company = $1
             ON CONFLICT DO NOTHING";
        self.change(sql, vec![company.to_value(), Value::Int(now.0)]).await.map(|_| ())
    }

    /// Small pictures that rows name, newest rows first, and that are neither here nor on their way.
    pub async fn small_missing(&self, company: CompanyId, limit: u32) -> Result<Vec<BlobHash>, StoreError> {
        let sql = "SELECT i.thumbnail FROM product_image i WHERE i.company = $1
             AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.company = i.company AND b.sha256 = i.thumbnail)
             AND NOT EXISTS (SELECT 1 FROM blob_queue q WHERE q.company = i.company AND q.sha256 = i.thumbnail)
             ORDER BY i.rev DESC, i.product_id, i.position LIMIT $2";
        let rows = self.reader.fetch(sql.to_owned(), vec![company.to_value(), Value::Int(i64::from(limit))]).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// How many bytes of their own, whatever they are of, are here.
    pub async fn count(&self, company: CompanyId) -> Result<i64, StoreError> {
        self.reader.number("SELECT COUNT(*) FROM blob WHERE company = $1".to_owned(), vec![company.to_value()]).await
    }

    /// What is to go next, at once or later: first what is sent. What no row names waits until one does, or for ever.
    pub async fn next(&self, company: CompanyId, now: Instant) -> Result<Option<Waiting>, StoreError> {
        let sql = format!(
            "SELECT q.sha256, q.direction, q.tries, q.due_at FROM blob_queue q WHERE q.company = $1 AND {}
             ORDER BY CASE WHEN q.due_at <= $2 THEN 0 ELSE 1 END, q.direction DESC, q.due_at LIMIT 1",
            named_by("q.sha256", "")
        );
        let Some(row) = self.reader.fetch_one(sql, vec![company.to_value(), Value::Int(now.0)]).await? else { return Ok(None) };
        let direction = if get::<String>(&row, 1)? == Direction::Send.word() { Direction::Send } else { Direction::Fetch };
        Ok(Some(Waiting { sha256: get(&row, 0)?, direction, tries: get(&row, 2)?, due_at: get(&row, 3)? }))
    }

    /// Bytes have gone, or are not wanted any more.
    pub async fn done(&self, company: CompanyId, waiting: Waiting) -> Result<(), StoreError> {
        let sql = "DELETE FROM blob_queue WHERE company = $1 AND sha256 = $2 AND direction = $3";
        self.change(sql, vec![company.to_value(), waiting.sha256.to_value(), Value::Text(waiting.direction.word().to_owned())]).await.map(|_| ())
    }

    /// Bytes are tried again later.
    pub async fn put_off(&self, company: CompanyId, waiting: Waiting, due_at: Instant) -> Result<(), StoreError> {
        let sql = "UPDATE blob_queue SET tries = tries + 1, due_at = $4 WHERE company = $1 AND sha256 = $2 AND direction = $3";
        let key = [company.to_value(), waiting.sha256.to_value(), Value::Text(waiting.direction.word().to_owned())];
        self.change(sql, key.into_iter().chain([Value::Int(due_at.0)]).collect()).await.map(|_| ())
    }

    /// What waits is worth trying now: the shop server is there again.
    pub async fn try_now(&self, company: CompanyId, now: Instant) -> Result<(), StoreError> {
        let sql = "UPDATE blob_queue SET due_at = $2 WHERE company = $1 AND due_at > $3";
        self.change(sql, vec![company.to_value(), Value::Int(now.0), Value::Int(now.0)]).await.map(|_| ())
    }

    /// Forgets bytes that no row has named since before; how many there were.
    pub async fn forget_unnamed(&self, company: CompanyId, before: Instant) -> Result<u64, StoreError> {
        let values = || vec![company.to_value(), Value::Int(before.0)];
        let queue = format!("DELETE FROM blob_queue WHERE company = $1 AND due_at < $2 AND NOT {}", named_by("blob_queue.sha256", ""));
        self.change(&queue, values()).await?;
        let blobs = format!("DELETE FROM blob WHERE company = $1 AND kept_at < $2 AND NOT {}", named_by("blob.sha256", ""));
        self.change(&blobs, values()).await
    }

    async fn change(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let query = values.into_iter().fold(sqlx::query(AssertSqlSafe(sql.to_owned())), bind);
        Ok(query.execute(self.reader.pool()).await?.rows_affected())
    }
}
