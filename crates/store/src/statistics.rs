//! What SQLite's planner is told of the tables before anything is in them.
//!
//! Every index begins with the company, and a file holds one. Left to itself, SQLite takes a company for ten rows and
//! reads all its products to find one code (17 ms at 100,000). So the figures of a large shop are written down once:
//! plans are the same in a fresh file and in a full one, and nothing has to be counted while someone is selling.

use kontor_domain::world::Table;
use rusqlite::{Connection, params};

use crate::error::StoreError;

/// Rows of any table.
const ROWS: i64 = 1_000_000;
/// Rows that share the first columns of a longer index (lines of a document, sales of a day).
const ROWS_OF_PREFIX: i64 = 100;
/// Rows under a whole index that is not unique.
const ROWS_OF_VALUE: i64 = 10;

/// Writes the figures of every table, unless they are there.
pub(crate) fn ensure(connection: &mut Connection) -> Result<(), StoreError> {
    // Makes the table of figures if there is none; counts nothing.
    let known = connection.query_row("SELECT COUNT(*) FROM sqlite_master WHERE name = 'sqlite_stat1'", [], |row| row.get::<_, i64>(0))?;
    if known == 0 {
        connection.execute_batch("ANALYZE sqlite_schema")?;
    }
    if is_told(connection)? {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    transaction.execute("DELETE FROM sqlite_stat1", [])?;
    for table in Table::ALL {
        tell(&transaction, table.info().name)?;
    }
    Ok(transaction.commit()?)
}

/// Whether every index has its figures: a migration may have made a new one, and one without is taken for the best.
fn is_told(connection: &Connection) -> Result<bool, StoreError> {
    let mut untold = connection.prepare(
        "SELECT COUNT(*) FROM pragma_index_list(?1) made
         WHERE NOT EXISTS (SELECT 1 FROM sqlite_stat1 WHERE tbl = ?1 AND idx = CASE made.origin WHEN 'pk' THEN ?1 ELSE made.name END)",
    )?;
    for table in Table::ALL {
        if untold.query_row([table.info().name], |row| row.get::<_, i64>(0))? > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn tell(connection: &Connection, table: &str) -> Result<(), StoreError> {
    let mut indexes = connection.prepare("SELECT name, origin FROM pragma_index_list(?1)")?;
    let indexes = indexes.query_map([table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for index in indexes {
        let (name, origin) = index?;
        let is_key = origin == "pk";
        let mut columns = connection.prepare("SELECT name FROM pragma_index_info(?1) WHERE name IS NOT NULL ORDER BY seqno")?;
        let columns = columns.query_map([&name], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        // A table without rowid is its key: its figures stand under its own name.
        let name = if is_key { table } else { &name };
        connection.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?1, ?2, ?3)", params![table, name, figures(&columns, is_key)])?;
    }
    Ok(())
}

/// Rows in all, then rows that share the first column, the first two, and so on.
fn figures(columns: &[String], is_key: bool) -> String {
    let mut figures = vec![ROWS];
    for (place, column) in (1..).zip(columns) {
        figures.push(match column.as_str() {
            "company" => ROWS,
            // Nearly all are: who looks for one product does not begin here.
            "active" => ROWS,
            "scope" => ROWS / 2,
            "rev" => 1,
            _ if place < columns.len() => ROWS_OF_PREFIX,
            _ if is_key => 1,
            _ => ROWS_OF_VALUE,
        });
    }
    figures.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_all_rows_and_a_key_is_one() {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(figures(&columns(&["company", "id"]), true), "1000000 1000000 1");
        assert_eq!(figures(&columns(&["company", "code"]), false), "1000000 1000000 10");
        assert_eq!(figures(&columns(&["company", "active", "name", "id"]), false), "1000000 1000000 1000000 100 10");
        assert_eq!(figures(&columns(&["company", "sale_id", "line"]), true), "1000000 1000000 100 1");
        assert_eq!(figures(&columns(&["company", "scope", "rev"]), false), "1000000 1000000 500000 1");
    }
}
