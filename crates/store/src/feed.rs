//! What copies read at the authority: rows after a rev, removals, and what became of commands, in one snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use kontor_domain::cell::Value;
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, WarehouseId};
use kontor_domain::world::{Scope, Table};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};
use uuid::Uuid;

use crate::agent::{Mark, Status};
use crate::error::StoreError;
use crate::rule::Rule;
use crate::sqlite::{keep_plans, read_all};
use crate::{copy, history, migrations, row_json, shape};

pub(crate) mod order;
mod postgres;

pub use postgres::PgSnapshot;
pub use sqlx::postgres::PgConnection;

/// The newest migration this program knows.
pub fn schema() -> i64 {
    let newest = migrations::FILES.iter().filter_map(|(name, _)| name.split_once('_')?.0.parse().ok()).max();
    newest.unwrap_or(0)
}

/// Where a company's history stands, for one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The history.
    pub epoch: Uuid,
    /// Its last rev.
    pub rev: i64,
    /// What the history is there.
    pub mark: Option<Mark>,
    /// A backup on another machine covers it up to here.
    pub stable: i64,
    /// When the last such backup was made.
    pub stable_at: Option<i64>,
    /// Removals up to here are forgotten.
    pub tombstone_floor: i64,
    /// Whether the history is still the one that the copy saw at its last head.
    pub seen_is_there: bool,
    /// What the device may hold; nothing if nobody knows it.
    pub scopes: BTreeSet<Scope>,
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// It is as given.
    Put,
    /// It was removed.
    Del,
    /// Other copies hold it from now on.
    Left,
}

/// A row for copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRow {
    /// The table.
    pub table: Table,
    /// Its place in the order.
    pub rev: i64,
    /// What happened.
    pub kind: FeedKind,
    /// The scope it is in, or went from.
    pub scope: Scope,
    /// All cells, or the key's.
    pub cells: Vec<Value>,
}

/// Rows up to a rev.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedPage {
    /// Up to which rev each scope is read.
    pub upto: BTreeMap<Scope, i64>,
    /// The rows.
    pub rows: Vec<FeedRow>,
    /// Whether there is nothing after them.
    pub complete: bool,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedAck {
    /// Its number on the copy.
    pub seq: i64,
    /// The command.
    pub id: CommandId,
    /// The verdict.
    pub status: Status,
    /// Code of a refusal.
    pub code: Option<i64>,
    /// Its place in the order.
    pub rev: i64,
}

/// The scopes of a device: the company's, its own, its warehouse's, and what was granted.
fn scopes_of(device: DeviceId, warehouse: Option<WarehouseId>, granted: impl IntoIterator<Item = Scope>) -> BTreeSet<Scope> {
    let own = [Scope::COMPANY, Scope::of_id(device.0)].into_iter().chain(warehouse.map(|id| Scope::of_id(id.0)));
    own.chain(granted).filter(|scope| *scope != Scope::AUTHORITY).collect()
}

const DEVICE_SQL: &str = "SELECT t.warehouse_id FROM device d LEFT JOIN till t ON t.company = d.company AND t.id = d.till_id
    WHERE d.company = $1 AND d.id = $2";
const GRANTED_SQL: &str = "SELECT scope FROM device_scope WHERE company = $1 AND device = $2";
const CLOCK_SQL: &str = "SELECT epoch, rev, stable, tombstone_floor, stable_at FROM clock WHERE company = $1";
const HEAD_SQL: &str = "SELECT coalesce(chain, id) FROM command_log WHERE company = $1 AND rev = $2";
const ACKS_SQL: &str = "SELECT p.seq, p.id, l.status, l.code, l.rev FROM replica_seq p JOIN command_log l ON l.id = p.id
    WHERE p.company = $1 AND p.replica = $2 AND p.seq > $3 ORDER BY p.seq LIMIT $4";
const CHANGES_SQL: &str = "SELECT rev, table_name, key_cells, kind FROM change WHERE company = $1 AND scope = $2 AND rev > $3 AND rev <= $4";

/// The first revs of a scope after one, with the place of the table that each is in; the place behind the last table is
/// what went away.
fn revs_sql() -> String {
    let part = |place: usize, name: &str, kept: &str| {
        format!(
            "SELECT rev, CAST({place} AS BIGINT) AS place FROM (SELECT rev FROM {name} WHERE company = $1 AND scope = $2 AND rev > $3{kept} ORDER BY rev LIMIT $4) t{place}"
        )
    };
    let mut parts: Vec<String> =
        shape::shipped().enumerate().map(|(place, table)| part(place, table.info().name, history::kept(table.info()))).collect();
    parts.push(part(parts.len(), "change", ""));
    parts.join(" UNION ALL ")
}

/// What is read of a table for copies.
pub(crate) struct FeedSql {
    /// The first revs of a scope after one. SQLite is asked table by table: one statement over all of them would be
    /// sorted through thirty tables of its own, most of them empty.
    revs: String,
    rows: String,
    /// All of a scope.
    scope: String,
    /// All of all scopes.
    pub(crate) all: String,
}

/// The statements of a shipped table, by its place.
pub(crate) fn sql_of(place: usize) -> &'static FeedSql {
    static ALL: OnceLock<Vec<FeedSql>> = OnceLock::new();
    let build = |table: Table| {
        let info = table.info();
        let (name, columns, kept) = (info.name, info.columns.join(", "), history::kept(info));
        FeedSql {
            revs: format!("SELECT rev FROM {name} WHERE company = $1 AND scope = $2 AND rev > $3{kept} ORDER BY rev LIMIT $4"),
            rows: format!("SELECT {columns}, scope, rev FROM {name} WHERE company = $1 AND scope = $2 AND rev > $3 AND rev <= $4{kept}"),
            scope: format!("SELECT {columns}, scope, rev FROM {name} WHERE company = $1 AND scope = $2{kept}"),
            all: format!("SELECT {columns}, scope, rev FROM {name} WHERE company = $1{kept}"),
        }
    };
    &ALL.get_or_init(|| shape::shipped().map(build).collect())[place]
}

const CHANGE_REVS_SQL: &str = "SELECT rev FROM change WHERE company = $1 AND scope = $2 AND rev > $3 ORDER BY rev LIMIT $4";

/// How far a page goes. It never splits a rev: what one command did arrives together.
struct Cut {
    upto: i64,
    complete: bool,
    /// Places of the tables to read, by scope.
    places: BTreeMap<Scope, BTreeSet<usize>>,
}

impl Cut {
    /// Shipped tables that have rows of a scope in this page, with their places.
    fn tables(&self, scope: Scope) -> impl Iterator<Item = (usize, Table)> {
        shape::shipped().enumerate().filter(move |(place, _)| self.places.get(&scope).is_some_and(|places| places.contains(place)))
    }
}

/// `found`: of each table (by its place) at least the first `limit + 1` revs.
fn cut(found: &BTreeMap<Scope, Vec<(i64, usize)>>, head: i64, limit: usize) -> Cut {
    let mut revs: Vec<i64> = found.values().flatten().map(|(rev, _)| *rev).collect();
    revs.sort_unstable();
    let (upto, complete) = match revs.get(limit.max(1)).copied() {
        None => (head, true),
        Some(boundary) if revs.first().is_some_and(|first| *first < boundary) => (boundary - 1, false),
        Some(boundary) => (boundary, false),
    };
    let in_page = |list: &Vec<(i64, usize)>| list.iter().filter(|(rev, _)| *rev <= upto).map(|(_, place)| *place).collect();
    Cut { upto, complete, places: found.iter().map(|(scope, list)| (*scope, in_page(list))).collect() }
}

fn change_row(table: &str, rev: i64, scope: Scope, key: &str, kind: &str) -> Result<Option<FeedRow>, StoreError> {
    let Some(table) = shape::shipped().find(|known| known.info().name == table) else { return Ok(None) };
    let kind = if kind == "left" { FeedKind::Left } else { FeedKind::Del };
    let cells = row_json::decode(key)?.into_iter().map(|(_, value)| value).collect();
    Ok(Some(FeedRow { table, rev, kind, scope, cells }))
}

/// A file, opened to be read by copies.
#[derive(Debug)]
pub struct FeedFile {
    connection: Connection,
}

impl FeedFile {
    /// Opens a file that its writer has open.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.set_prepared_statement_cache_capacity(256);
        keep_plans(&connection)?;
        Ok(Self { connection })
    }

    /// Everything that is read with it is of one moment.
    pub fn snapshot(&mut self) -> Result<Snapshot<'_>, StoreError> {
        let moment = if Rule::OneSnapshot.holds() { Some(self.connection.unchecked_transaction()?) } else { None };
        Ok(Snapshot { connection: &self.connection, _moment: moment })
    }

    /// For what is not read by copies.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// One moment of a file.
#[derive(Debug)]
pub struct Snapshot<'a> {
    connection: &'a Connection,
    _moment: Option<Transaction<'a>>,
}

impl Snapshot<'_> {
    /// Where the history of a company stands; `None`: this file holds another.
    pub fn head_of(&self, company: CompanyId) -> Result<Option<Head>, StoreError> {
        let is_there = self.connection.prepare_cached(CLOCK_SQL)?.exists(params![company.0.as_bytes()])?;
        if is_there { self.head(company, DeviceId(Uuid::nil()), None).map(Some) } else { Ok(None) }
    }

    /// Where the history stands, for a device; `seen` is the rev and command of the last head its copy saw.
    pub fn head(&self, company: CompanyId, device: DeviceId, seen: Option<(i64, Mark)>) -> Result<Head, StoreError> {
        let connection = self.connection;
        let owner = company.0.as_bytes();
        let clock = connection
            .prepare_cached(CLOCK_SQL)?
            .query_row(params![owner], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .optional()?;
        let (epoch, rev, stable, tombstone_floor, stable_at) = clock.ok_or_else(|| StoreError::Other("no such company".into()))?;
        let mut at_rev = connection.prepare_cached(HEAD_SQL)?;
        let mut mark_at = |rev: i64| -> Result<Option<Mark>, StoreError> {
            let found: Option<Vec<u8>> = at_rev.query_row(params![owner, rev], |row| row.get(0)).optional()?;
            found.as_deref().map(copy::uuid).transpose().map(|mark| mark.map(Mark))
        };
        let seen_is_there = match seen {
            None => true,
            Some((rev, mark)) => mark_at(rev)? == Some(mark),
        };
        let till: Option<Option<Vec<u8>>> =
            connection.prepare_cached(DEVICE_SQL)?.query_row(params![owner, device.0.as_bytes()], |row| row.get(0)).optional()?;
        let scopes = match till {
            None => BTreeSet::new(),
            Some(warehouse) => {
                let warehouse = warehouse.as_deref().map(copy::uuid).transpose()?.map(WarehouseId);
                let mut statement = connection.prepare_cached(GRANTED_SQL)?;
                let granted = statement.query_map(params![owner, device.0.as_bytes()], |row| Ok(Scope(row.get(0)?)))?;
                scopes_of(device, warehouse, granted.collect::<Result<Vec<_>, _>>()?)
            }
        };
        Ok(Head { epoch: copy::uuid(&epoch)?, rev, mark: mark_at(rev)?, stable, stable_at, tombstone_floor, seen_is_there, scopes })
    }

    /// Rows after each scope's rev, in the order of revs, about `limit` of them.
    pub fn rows(&self, company: CompanyId, cursors: &BTreeMap<Scope, i64>, head: i64, limit: usize) -> Result<FeedPage, StoreError> {
        let most = i64::try_from(limit.max(1) + 1).unwrap_or(i64::MAX);
        let mut found = BTreeMap::new();
        for (scope, after) in cursors {
            found.insert(*scope, if *after < head { self.revs(company, *scope, *after, most)? } else { Vec::new() });
        }
        let cut = cut(&found, head, limit);
        let mut page = FeedPage { complete: cut.complete, ..FeedPage::default() };
        for (scope, after) in cursors {
            page.upto.insert(*scope, cut.upto.max(*after));
            for (place, table) in cut.tables(*scope) {
                let values = [Value::Id(company.0), Value::Int(scope.0), Value::Int(*after), Value::Int(cut.upto)];
                for row in read_all(self.connection, table, &sql_of(place).rows, &values)? {
                    page.rows.push(FeedRow { table, rev: row.rev, kind: FeedKind::Put, scope: *scope, cells: row.cells });
                }
            }
            if *after > 0 {
                self.changes(company, *scope, *after, cut.upto, &mut page.rows)?;
            }
        }
        Ok(page)
    }

    fn revs(&self, company: CompanyId, scope: Scope, after: i64, most: i64) -> Result<Vec<(i64, usize)>, StoreError> {
        let mut found = Vec::new();
        let tables = shape::shipped().count();
        for place in 0..=tables {
            let sql = if place == tables { CHANGE_REVS_SQL } else { &sql_of(place).revs };
            let mut statement = self.connection.prepare_cached(sql)?;
            let revs = statement.query_map(params![company.0.as_bytes(), scope.0, after, most], |row| row.get(0))?;
            for rev in revs {
                found.push((rev?, place));
            }
        }
        Ok(found)
    }

    fn changes(&self, company: CompanyId, scope: Scope, after: i64, upto: i64, rows: &mut Vec<FeedRow>) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(CHANGES_SQL)?;
        let mut found = statement.query(params![company.0.as_bytes(), scope.0, after, upto])?;
        while let Some(row) = found.next()? {
            let (table, key, kind): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
            rows.extend(change_row(&table, row.get(0)?, scope, &key, &kind)?);
        }
        Ok(())
    }

    /// What became of a replica's commands after a number.
    pub fn acks(&self, company: CompanyId, replica: Uuid, after: i64, limit: i64) -> Result<Vec<FeedAck>, StoreError> {
        let mut statement = self.connection.prepare_cached(ACKS_SQL)?;
        let mut rows = statement.query(params![company.0.as_bytes(), replica.as_bytes(), after, limit])?;
        let mut acks = Vec::new();
        while let Some(row) = rows.next()? {
            let id: Vec<u8> = row.get(1)?;
            let status = Status::of(&row.get::<_, String>(2)?)?;
            acks.push(FeedAck { seq: row.get(0)?, id: CommandId(copy::uuid(&id)?), status, code: row.get(3)?, rev: row.get(4)? });
        }
        Ok(acks)
    }

    /// The sum over the rows of each scope.
    pub fn sums(&self, company: CompanyId, scopes: &BTreeSet<Scope>) -> Result<BTreeMap<Scope, u128>, StoreError> {
        let mut sums: BTreeMap<Scope, u128> = scopes.iter().map(|scope| (*scope, 0)).collect();
        for (place, table) in shape::shipped().enumerate() {
            for (scope, sum) in &mut sums {
                for row in read_all(self.connection, table, &sql_of(place).scope, &[Value::Id(company.0), Value::Int(scope.0)])? {
                    *sum = sum.wrapping_add(shape::row_sum(table, row.rev, &row.cells));
                }
            }
        }
        Ok(sums)
    }
}

fn revs_text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(revs_sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_of(revs: &[i64], limit: usize) -> (i64, bool) {
        let found = [(Scope::COMPANY, revs.iter().map(|rev| (*rev, 0)).collect())].into();
        let cut = cut(&found, 99, limit);
        (cut.upto, cut.complete)
    }

    #[test]
    fn a_page_never_splits_a_rev() {
        assert_eq!(cut_of(&[], 3), (99, true));
        assert_eq!(cut_of(&[1, 2, 3], 3), (99, true));
        assert_eq!(cut_of(&[1, 2, 3, 4], 3), (3, false));
        assert_eq!(cut_of(&[1, 2, 2, 2, 3], 3), (1, false));
        assert_eq!(cut_of(&[5, 5, 5, 5], 3), (5, false));
    }
}
