//! Files as an older program left them: made by its own migrations, with the rows of today's file as far as it had
//! tables and columns for them.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use kontor_store::{closed_file, sqlite};
use rusqlite::Connection;

/// Tables that a program fills by itself.
const OWN: &[&str] = &["_sqlx_migrations", "product_document", "product_words"];

/// Makes a closed file older: as if its program had known no migration after this one.
pub async fn make_older(path: &Path, newest: i64) -> anyhow::Result<()> {
    let today = path.with_extension("today");
    let source = Connection::open(path)?;
    source.execute("VACUUM INTO ?1", [today.to_str().context("a path")?])?;
    drop(source);
    closed_file::remove(path)?;
    sqlite::make_older(path, newest).await?;
    let older = Connection::open(path)?;
    older.pragma_update(None, "foreign_keys", false)?;
    older.execute("ATTACH ?1 AS today", [today.to_str().context("a path")?])?;
    older.execute_batch("BEGIN")?;
    let here = tables(&older, "main")?;
    for table in tables(&older, "today")?.intersection(&here) {
        let columns: Vec<String> = columns(&older, "main", table)?.intersection(&columns(&older, "today", table)?).cloned().collect();
        let columns = columns.join(", ");
        older.execute(&format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM today.{table}"), [])?;
    }
    // It had another shape of the tables than today's program, and kept its log beside its file as that does.
    older.execute_batch("UPDATE sync_meta SET shape = ~shape; COMMIT; DETACH today; PRAGMA journal_mode = wal")?;
    drop(older);
    Ok(std::fs::remove_file(&today)?)
}

fn tables(file: &Connection, schema: &str) -> anyhow::Result<BTreeSet<String>> {
    let names: BTreeSet<String> = strings(file, &format!("SELECT name FROM {schema}.sqlite_master WHERE type = 'table'"))?;
    Ok(names.into_iter().filter(|name| !name.starts_with("sqlite_") && !OWN.iter().any(|own| name.starts_with(own))).collect())
}

fn columns(file: &Connection, schema: &str, table: &str) -> anyhow::Result<BTreeSet<String>> {
    strings(file, &format!("SELECT name FROM pragma_table_info('{table}', '{schema}')"))
}

fn strings(file: &Connection, sql: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut statement = file.prepare(sql)?;
    let found = statement.query_map([], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}
