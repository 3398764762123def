//! The floors: what the same rows cost where nobody keeps an order, a history or a promise.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use kontor_domain::world::Scope;
use kontor_store::shape;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;

/// Rows of a scope as lines of JSON: the table, then the cells.
pub fn lines_of(file: &Path, scope: Scope) -> anyhow::Result<Vec<u8>> {
    lines(file, &format!("scope = {}", scope.0))
}

/// Rows of the scopes that a till holds and that were written after a rev, likewise.
pub fn lines_after(file: &Path, rev: i64, till: &Path) -> anyhow::Result<Vec<u8>> {
    let connection = Connection::open_with_flags(till, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let scopes: String = connection.query_row("SELECT group_concat(scope) FROM sync_cursor", [], |row| row.get(0))?;
    lines(file, &format!("rev > {rev} AND scope IN ({scopes})"))
}

fn lines(file: &Path, condition: &str) -> anyhow::Result<Vec<u8>> {
    let connection = Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut lines = Vec::new();
    for table in shape::shipped() {
        let name = table.info().name;
        let mut statement = connection.prepare(&format!("SELECT * FROM {name} WHERE {condition}"))?;
        let count = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut cells = vec![json!(name)];
            for place in 0..count {
                cells.push(match row.get::<_, Value>(place)? {
                    Value::Null => json!(null),
                    Value::Integer(number) => json!(number),
                    Value::Real(number) => json!(number),
                    Value::Text(text) => json!(text),
                    Value::Blob(bytes) => json!({ "id": uuid::Uuid::from_slice(&bytes)? }),
                });
            }
            serde_json::to_writer(&mut lines, &cells)?;
            lines.push(b'\n');
        }
    }
    Ok(lines)
}

/// Downloads lines packed by gzip over loopback and writes them in one durable transaction to a file with the same tables.
pub async fn download(lines: &[u8], folder: &Path) -> anyhow::Result<Duration> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(lines)?;
    let packed = packer.finish()?;
    let path = folder.join("floor.kontor");
    drop(kontor_store::sqlite::open(&path, kontor_store::sqlite::Synchronous::Full).await?);
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let sender = std::thread::spawn(move || -> std::io::Result<()> { listener.accept()?.0.write_all(&packed) });
    let start = Instant::now();
    let done = tokio::task::spawn_blocking(move || insert(std::net::TcpStream::connect(address)?, &path)).await?;
    let took = start.elapsed();
    done?;
    sender.join().map_err(|_| anyhow::anyhow!("the sender"))??;
    Ok(took)
}

fn insert(packed: impl std::io::Read, path: &Path) -> anyhow::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(256);
    let transaction = connection.transaction()?;
    let mut reader = BufReader::new(GzDecoder::new(packed));
    let mut line = String::new();
    while {
        line.clear();
        reader.read_line(&mut line)? > 0
    } {
        let cells: Vec<serde_json::Value> = serde_json::from_str(&line)?;
        let (name, cells) = cells.split_first().context("a line")?;
        let places = vec!["?"; cells.len()].join(", ");
        let sql = format!("INSERT INTO {} VALUES ({places})", name.as_str().context("a table")?);
        let values = cells.iter().map(value).collect::<anyhow::Result<Vec<_>>>()?;
        transaction.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    }
    transaction.commit()?;
    Ok(())
}

fn value(cell: &serde_json::Value) -> anyhow::Result<Value> {
    Ok(match cell {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Number(number) => Value::Integer(number.as_i64().context("an integer")?),
        serde_json::Value::String(text) => Value::Text(text.clone()),
        other => Value::Blob(other["id"].as_str().context("an id")?.parse::<uuid::Uuid>()?.as_bytes().to_vec()),
    })
}

/// Bytes of a file that holds the rows alone: no index, no free page.
pub fn bare_size(file: &Path, folder: &Path) -> anyhow::Result<u64> {
    let path = folder.join("bare.db");
    let connection = Connection::open(&path)?;
    connection.execute("ATTACH ?1 AS whole", [file.to_str().context("a path")?])?;
    for table in shape::shipped() {
        let name = table.info().name;
        connection.execute_batch(&format!("CREATE TABLE {name} AS SELECT * FROM whole.{name}"))?;
    }
    connection.execute_batch("VACUUM")?;
    drop(connection);
    Ok(std::fs::metadata(&path)?.len())
}

/// Bytes as zstd packs them, at the level the line uses.
pub fn packed_size(bytes: &[u8]) -> anyhow::Result<f64> {
    let mut packed = zstd::stream::read::Encoder::new(bytes, 3)?;
    let mut out = Vec::new();
    packed.read_to_end(&mut out)?;
    Ok(out.len() as f64)
}
