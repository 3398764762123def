//! The floor of a sale: the very rows it wrote, written by bare rusqlite in one transaction, at the same durability.

use std::path::{Path, PathBuf};

use kontor_domain::world::Scope;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Tables that take new rows at a sale and stamp them with its rev, and where in them those of one rev are found. `SCOPES`
/// are the file's; tables without an index on revs are asked by what the sale's other rows name.
const INSERTED: &[(&str, &str)] = &[
    ("sale", "scope IN (SCOPES)"),
    ("sale_line", "scope IN (SCOPES)"),
    ("sale_tax", "scope IN (SCOPES)"),
    ("sale_tender", "scope IN (SCOPES)"),
    ("stock_move", "scope IN (SCOPES)"),
    ("move_value", "scope IN (SCOPES)"),
    ("posting", "scope IN (SCOPES)"),
    ("print_job", "document_id IN (DOCUMENTS)"),
    ("attention", "about_id IN (DOCUMENTS UNION PRODUCTS)"),
    ("command_log", "TRUE"),
];
/// Tables whose rows a sale changes, their keys, and where in them those of one rev are found.
const UPDATED: &[(&str, &[&str], &str)] = &[
    ("balance", &["company", "product_id", "location_id", "lot_id"], "product_id IN (PRODUCTS)"),
    ("stock_value", &["company", "warehouse_id", "product_id"], "warehouse_id IN (WAREHOUSES) AND product_id IN (PRODUCTS)"),
    ("shift_total", &["company", "shift_id", "kind", "detail"], "shift_id IN (SHIFTS)"),
    // As many rows as tills and series.
    ("number_counter", &["company", "till_id", "kind", "series"], "TRUE"),
];

/// The words of a condition, in SQL.
const WORDS: &[(&str, &str)] = &[
    ("DOCUMENTS", "SELECT document_id FROM posting WHERE COMMAND"),
    ("SHIFTS", "SELECT shift_id FROM posting WHERE COMMAND"),
    ("PRODUCTS", "SELECT product_id FROM stock_move WHERE COMMAND"),
    ("WAREHOUSES", "SELECT warehouse_id FROM stock_move WHERE COMMAND"),
    ("COMMAND", "company = COMPANY AND command_id = (SELECT id FROM command_log WHERE company = COMPANY AND rev = ?1)"),
    ("COMPANY", "(SELECT company FROM installation)"),
];

/// A row: its table and cells.
#[derive(Debug)]
pub struct RawRow {
    sql: String,
    cells: Vec<Value>,
}

/// The scopes that a file holds: a till's copy says so, an authority holds all.
fn scopes(file: &Connection) -> anyhow::Result<Vec<i64>> {
    let held = file.prepare("SELECT scope FROM sync_cursor")?.query_map([], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?;
    if !held.is_empty() {
        return Ok(held);
    }
    let mut scopes = vec![Scope::COMPANY.0, Scope::OFFICE.0];
    for sql in ["SELECT id FROM warehouse", "SELECT id FROM device"] {
        let mut statement = file.prepare(sql)?;
        for id in statement.query_map([], |row| row.get::<_, Vec<u8>>(0))? {
            scopes.push(Scope::of_id(uuid::Uuid::from_slice(&id?)?).0);
        }
    }
    Ok(scopes)
}

/// Writes rows to a copy of a shop's file.
#[derive(Debug)]
pub struct RawWriter {
    connection: Connection,
    reader: Option<(PathBuf, Connection)>,
    columns: Vec<(String, Vec<String>)>,
    /// The scopes rows of this file can have, for the index on (company, scope, rev).
    scopes: String,
    _folder: tempfile::TempDir,
}

impl RawWriter {
    /// A copy of the file as it is, ready to write with the same pragmas as the shop's writer.
    pub fn copy_of(path: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let copy = folder.path().join("raw.kontor");
        kontor_store::sqlite::backup(path, &copy)?;
        let connection = Connection::open(&copy)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", kontor_store::sqlite::CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -32_000)?;
        connection.set_prepared_statement_cache_capacity(256);
        let mut columns = Vec::new();
        for table in INSERTED.iter().map(|(table, _)| *table).chain(UPDATED.iter().map(|(table, ..)| *table)) {
            let mut statement = connection.prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
            let names = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
            columns.push((table.to_owned(), names));
        }
        let scopes = scopes(&connection)?.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        Ok(Self { connection, reader: None, columns, scopes, _folder: folder })
    }

    fn names(&self, table: &str) -> Vec<String> {
        self.columns.iter().find(|(name, _)| name == table).map(|(_, columns)| columns.clone()).unwrap_or_default()
    }

    /// The rows that the command of a rev wrote, as statements that write them again.
    pub fn rows_of(&mut self, path: &Path, rev: i64) -> anyhow::Result<Vec<RawRow>> {
        if self.reader.as_ref().is_none_or(|(known, _)| known != path) {
            let connection = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.set_prepared_statement_cache_capacity(256);
            self.reader = Some((path.to_owned(), connection));
        }
        let mut rows = Vec::new();
        for (table, place) in INSERTED {
            let names = self.names(table);
            let places = (1..=names.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ");
            let sql = format!("INSERT INTO {table} ({}) VALUES ({places})", names.join(", "));
            self.collect(table, place, &names, rev, &sql, &mut rows)?;
        }
        for (table, keys, place) in UPDATED {
            let names = self.names(table);
            let assignments = names.iter().enumerate().map(|(place, name)| format!("{name} = ?{}", place + 1)).collect::<Vec<_>>().join(", ");
            let conditions: Vec<String> = names
                .iter()
                .enumerate()
                .filter(|(_, name)| keys.contains(&name.as_str()))
                .map(|(place, name)| format!("{name} = ?{}", place + 1))
                .collect();
            let sql = format!("UPDATE {table} SET {assignments} WHERE {}", conditions.join(" AND "));
            self.collect(table, place, &names, rev, &sql, &mut rows)?;
        }
        rows.push(RawRow { sql: "UPDATE clock SET rev = ?1, last_at = ?2".to_owned(), cells: vec![Value::Integer(rev), Value::Integer(rev)] });
        Ok(rows)
    }

    fn collect(&self, table: &str, place: &str, names: &[String], rev: i64, sql: &str, rows: &mut Vec<RawRow>) -> anyhow::Result<()> {
        let Some((_, reader)) = &self.reader else { return Ok(()) };
        let mut condition = format!("company = COMPANY AND {}", place.replace("SCOPES", &self.scopes));
        for (word, meaning) in WORDS {
            condition = condition.replace(word, meaning);
        }
        let mut statement = reader.prepare_cached(&format!("SELECT {} FROM {table} WHERE {condition} AND rev = ?1", names.join(", ")))?;
        let mut found = statement.query([rev])?;
        while let Some(row) = found.next()? {
            let cells = (0..names.len()).map(|place| row.get::<_, Value>(place)).collect::<Result<Vec<_>, _>>()?;
            rows.push(RawRow { sql: sql.to_owned(), cells });
        }
        Ok(())
    }

    /// Writes them in one transaction.
    pub fn write(&mut self, rows: &[RawRow]) -> anyhow::Result<()> {
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for row in rows {
            transaction.prepare_cached(&row.sql)?.execute(params_from_iter(&row.cells))?;
        }
        transaction.commit()?;
        Ok(())
    }
}
