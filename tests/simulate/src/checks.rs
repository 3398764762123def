//! What must hold at rest.

use anyhow::Result;
use kontor_domain::world::Change;
use kontor_store::{shape, verify};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::noticed::{Look, holds, noticed};
use crate::server::Server;
use crate::shop::{Promise, Promised};
use crate::till::Till;

/// Every command exactly once, with the verdict it must have; what does not stand is told to a person.
pub fn promises(server: &Server, promised: &Promised) -> Result<()> {
    for (id, promise) in promised {
        let verdict = server.verdict_of(*id)?;
        let is_kept = match (promise, verdict.as_deref()) {
            (Promise::Fact, Some("ok")) | (Promise::Request, Some("ok" | "refused")) | (Promise::Poison, Some("parked")) => true,
            (Promise::Fact | Promise::Request | Promise::Poison, _) => false,
        };
        if !is_kept {
            let about: Option<(String, Option<i64>, String)> = server
                .connection()
                .query_row("SELECT name, code, args FROM command_log WHERE id = ?1", [id.0.as_bytes()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .ok();
            return Err(noticed(Look::Promises, format!("{promise:?} {id} is {verdict:?}: {about:?}")));
        }
    }
    Ok(())
}

/// The server's own figures.
pub fn server(server: &Server) -> Result<()> {
    let differences = verify::check_file(server.connection(), server.company)?;
    holds!(Look::ServerFigures, differences.is_empty(), "server: {:?}", differences.first());
    let untold: i64 = server.connection().query_row(
        "SELECT COUNT(*) FROM command_log l WHERE l.status IN ('refused', 'parked')
         AND NOT EXISTS (SELECT 1 FROM attention a WHERE a.about_id = l.id AND a.kind = l.status)",
        [],
        |row| row.get(0),
    )?;
    holds!(Look::Told, untold == 0, "{untold} commands do not stand and nobody is told");
    let told: i64 = server.connection().query_row(
        "SELECT COUNT(*) FROM attention a WHERE a.kind IN ('refused', 'parked')
         AND NOT EXISTS (SELECT 1 FROM command_log l WHERE l.id = a.about_id AND l.status = a.kind)",
        [],
        |row| row.get(0),
    )?;
    holds!(Look::Told, told == 0, "{told} commands stand and a person is told that they do not");
    // The one command that nothing but its id keeps from being counted twice.
    let (opened, counted): (i64, i64) = server.connection().query_row(
        "SELECT (SELECT COUNT(*) FROM command_log WHERE name = 'counter.open_drawer' AND status = 'ok'),
                (SELECT coalesce(SUM(count), 0) FROM shift_total WHERE kind = 'drawer_opened')",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    holds!(Look::CountedOnce, opened == counted, "drawers were opened {opened} times and {counted} are counted");
    Ok(())
}

/// Nothing pending, nothing of what the till may not hold, and each row at the server's place in the order (what is in
/// them is compared by the sums of the last pull).
pub fn till(till: &Till, server: &Server) -> Result<()> {
    let count = |sql: &str| -> Result<i64> { Ok(till.connection().query_row(sql, [], |row| row.get(0))?) };
    holds!(Look::Rows, count("SELECT COUNT(*) FROM outbox")? == 0, "an outbox is not empty");
    holds!(Look::Rows, count("SELECT COUNT(*) FROM undo")? == 0, "nothing is pending and there is something to undo");
    let held = scopes(till)?;
    let horizon = horizon(server)?;
    for table in shape::shipped() {
        let name = table.info().name;
        let strange = count(&format!("SELECT COUNT(*) FROM {name} WHERE rev = 0 OR scope NOT IN (SELECT scope FROM sync_cursor)"))?;
        holds!(Look::Rows, strange == 0, "{strange} rows of {name} are of scopes the till does not hold, or have no place in the order");
        let here = places(till.connection(), name, &held, 0)?;
        let there = places(server.connection(), name, &held, if table.info().change == Change::Append { horizon } else { 0 })?;
        holds!(Look::Rows, here == there, "rows of {name} are at other places in the order: {here:?}, not {there:?}");
    }
    Ok(())
}

/// What is in the rows, cell by cell: the programs compare only sums.
pub fn cells(till: &Till, server: &Server) -> Result<()> {
    for table in shape::shipped() {
        let info = table.info();
        let kept = if info.change == Change::Append { horizon(server)? } else { 0 };
        let sql = format!("SELECT {} FROM {} WHERE scope = ?1 AND rev > {kept} ORDER BY {}", info.columns.join(", "), info.name, info.key.join(", "));
        for scope in scopes(till)? {
            let (here, there) = (rows(till.connection(), &sql, scope)?, rows(server.connection(), &sql, scope)?);
            let other = here.iter().zip(&there).find(|(here, there)| here != there);
            holds!(Look::Rows, here == there, "rows of {}: {other:?}, {} here and {} there", info.name, here.len(), there.len());
        }
    }
    Ok(())
}

fn scopes(till: &Till) -> Result<Vec<i64>> {
    let mut statement = till.connection().prepare_cached("SELECT scope FROM sync_cursor ORDER BY scope")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn rows(file: &Connection, sql: &str, scope: i64) -> Result<Vec<Vec<Value>>> {
    let mut statement = file.prepare_cached(sql)?;
    let columns = statement.column_count();
    let read = statement.query_map([scope], |row| (0..columns).map(|column| row.get(column)).collect())?;
    Ok(read.collect::<Result<_, _>>()?)
}

/// The rev of the last document that copies do not keep.
fn horizon(server: &Server) -> Result<i64> {
    Ok(server.connection().query_row("SELECT coalesce(MAX(through_rev), 0) FROM horizon", [], |row| row.get(0))?)
}

/// For each scope: how many rows of a table behind a rev, and the sum of their revs.
fn places(file: &Connection, table: &str, scopes: &[i64], after: i64) -> Result<Vec<(i64, i64)>> {
    let mut statement = file.prepare_cached(&format!("SELECT COUNT(*), coalesce(SUM(rev), 0) FROM {table} WHERE scope = ?1 AND rev > ?2"))?;
    Ok(scopes.iter().map(|scope| statement.query_row([*scope, after], |row| Ok((row.get(0)?, row.get(1)?)))).collect::<Result<_, _>>()?)
}
