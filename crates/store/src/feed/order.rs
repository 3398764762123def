//! The indexes by which copies read a file: each row's place in the order, by scope.
//!
//! A till or a shop alone is never asked for it, and would pay with every row that a sale changes. So migrations leave
//! them away in SQLite, and a server makes them when it opens its file. (PostgreSQL is always a server's.)

use kontor_domain::world::Change;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::shape;

/// Makes the indexes that are not there.
pub(crate) fn ensure(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    // Tables that are only added to have theirs everywhere: a copy forgets what is behind the horizon by it.
    for table in shape::shipped().filter(|table| table.info().change != Change::Append) {
        let name = table.info().name;
        transaction.execute(&format!("CREATE INDEX IF NOT EXISTS {name}_rev ON {name} (company, scope, rev)"), [])?;
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::sqlite::{self, Synchronous};

    /// How a table is read for copies, as SQLite plans it.
    fn plan(connection: &Connection, sql: &str) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let nothing = rusqlite::params_from_iter(vec![rusqlite::types::Null; statement.parameter_count()]);
        let steps = statement.query_map(nothing, |row| row.get::<_, String>(3)).unwrap();
        steps.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
    }

    #[tokio::test]
    async fn a_server_reads_every_table_by_its_order_and_a_till_keeps_only_what_it_forgets_by() {
        let folder = tempfile::tempdir().unwrap();
        let till = sqlite::open(&folder.path().join("till.kontor"), Synchronous::Off).await.unwrap();
        let server = sqlite::open(&folder.path().join("server.kontor"), Synchronous::Off).await.unwrap().serve_copies().unwrap();
        for (place, table) in shape::shipped().enumerate() {
            let (name, sql) = (table.info().name, crate::feed::sql_of(place));
            let by_order = format!("INDEX {name}_rev (company=? AND scope=? AND rev>?");
            for read in [&sql.revs, &sql.rows] {
                let found = plan(server.connection(), read);
                assert!(found.contains(&by_order), "{name}: {found}");
            }
            let has_it = plan(till.connection(), &sql.revs).contains(&by_order);
            assert_eq!(has_it, table.info().change == Change::Append, "{name}");
        }
    }
}
