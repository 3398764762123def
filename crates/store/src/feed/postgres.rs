//! The same from PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};

use kontor_domain::ids::{CommandId, CompanyId, DeviceId, WarehouseId};
use kontor_domain::world::Scope;
use sqlx::postgres::{PgConnection, Postgres};
use sqlx::{AssertSqlSafe, Connection, Row, Transaction};
use uuid::Uuid;

use super::{
    ACKS_SQL, CHANGES_SQL, CLOCK_SQL, DEVICE_SQL, FeedAck, FeedKind, FeedPage, FeedRow, GRANTED_SQL, HEAD_SQL, Head, change_row, cut, revs_text,
    scopes_of, sql_of,
};
use crate::agent::{Mark, Status};
use crate::error::StoreError;
use crate::postgres::cells;
use crate::rule::Rule;
use crate::{copy, shape};

/// One moment of a database.
#[derive(Debug)]
pub struct PgSnapshot<'a> {
    transaction: Transaction<'a, Postgres>,
}

impl<'a> PgSnapshot<'a> {
    /// Everything that is read with it is of one moment.
    pub async fn begin(connection: &'a mut PgConnection) -> Result<Self, StoreError> {
        let begin = if Rule::OneSnapshot.holds() { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "BEGIN READ ONLY" };
        Ok(Self { transaction: connection.begin_with(begin).await? })
    }

    async fn mark_at(&mut self, company: CompanyId, rev: i64) -> Result<Option<Mark>, StoreError> {
        let found = sqlx::query(HEAD_SQL).bind(company.0.as_bytes().as_slice()).bind(rev).fetch_optional(&mut *self.transaction).await?;
        found.map(|row| Ok(Mark(copy::uuid(&row.try_get::<Vec<u8>, _>(0)?)?))).transpose()
    }

    /// Where the history stands, for a device; `seen` is the rev and mark of the last head its copy saw.
    pub async fn head(&mut self, company: CompanyId, device: DeviceId, seen: Option<(i64, Mark)>) -> Result<Head, StoreError> {
        let (owner, device_bytes) = (company.0.as_bytes().as_slice(), device.0.as_bytes().as_slice());
        let clock = sqlx::query(CLOCK_SQL).bind(owner).fetch_optional(&mut *self.transaction).await?;
        let clock = clock.ok_or_else(|| StoreError::Other("no such company".into()))?;
        let rev: i64 = clock.try_get(1)?;
        let seen_is_there = match seen {
            None => true,
            Some((rev, mark)) => self.mark_at(company, rev).await? == Some(mark),
        };
        let till = sqlx::query(DEVICE_SQL).bind(owner).bind(device_bytes).fetch_optional(&mut *self.transaction).await?;
        let scopes = match till {
            None => BTreeSet::new(),
            Some(till) => {
                let warehouse: Option<Vec<u8>> = till.try_get(0)?;
                let warehouse = warehouse.as_deref().map(copy::uuid).transpose()?.map(WarehouseId);
                let granted = sqlx::query(GRANTED_SQL).bind(owner).bind(device_bytes).fetch_all(&mut *self.transaction).await?;
                let granted = granted.iter().map(|row| Ok(Scope(row.try_get(0)?))).collect::<Result<Vec<_>, sqlx::Error>>()?;
                scopes_of(device, warehouse, granted)
            }
        };
        Ok(Head {
            epoch: copy::uuid(&clock.try_get::<Vec<u8>, _>(0)?)?,
            rev,
            mark: self.mark_at(company, rev).await?,
            stable: clock.try_get(2)?,
            stable_at: clock.try_get(4)?,
            tombstone_floor: clock.try_get(3)?,
            seen_is_there,
            scopes,
        })
    }

    /// Rows after each scope's rev, in the order of revs, about `limit` of them.
    pub async fn rows(&mut self, company: CompanyId, cursors: &BTreeMap<Scope, i64>, head: i64, limit: usize) -> Result<FeedPage, StoreError> {
        let owner = company.0.as_bytes().as_slice();
        let most = i64::try_from(limit.max(1) + 1).unwrap_or(i64::MAX);
        let mut found = BTreeMap::new();
        for (scope, after) in cursors.iter().filter(|(_, after)| **after < head) {
            let query = sqlx::query(revs_text()).bind(owner).bind(scope.0).bind(*after).bind(most);
            let mut list = Vec::new();
            for row in query.fetch_all(&mut *self.transaction).await? {
                list.push((row.try_get(0)?, usize::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0)));
            }
            found.insert(*scope, list);
        }
        let cut = cut(&found, head, limit);
        let mut page = FeedPage { complete: cut.complete, ..FeedPage::default() };
        for (scope, after) in cursors {
            page.upto.insert(*scope, cut.upto.max(*after));
            for (place, table) in cut.tables(*scope) {
                let query = sqlx::query(AssertSqlSafe(sql_of(place).rows.as_str())).bind(owner).bind(scope.0).bind(*after).bind(cut.upto);
                for row in query.fetch_all(&mut *self.transaction).await? {
                    let row = cells(table.info(), &row)?;
                    page.rows.push(FeedRow { table, rev: row.rev, kind: FeedKind::Put, scope: *scope, cells: row.cells });
                }
            }
            if *after > 0 {
                let query = sqlx::query(CHANGES_SQL).bind(owner).bind(scope.0).bind(*after).bind(cut.upto);
                for row in query.fetch_all(&mut *self.transaction).await? {
                    let (table, key, kind): (String, String, String) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
                    page.rows.extend(change_row(&table, row.try_get(0)?, *scope, &key, &kind)?);
                }
            }
        }
        Ok(page)
    }

    /// What became of a replica's commands after a number.
    pub async fn acks(&mut self, company: CompanyId, replica: Uuid, after: i64, limit: i64) -> Result<Vec<FeedAck>, StoreError> {
        let query = sqlx::query(ACKS_SQL).bind(company.0.as_bytes().as_slice()).bind(replica.as_bytes().as_slice()).bind(after).bind(limit);
        let rows = query.fetch_all(&mut *self.transaction).await?;
        let ack = |row: &sqlx::postgres::PgRow| {
            let id: Vec<u8> = row.try_get(1)?;
            let status = Status::of(&row.try_get::<String, _>(2)?)?;
            Ok(FeedAck { seq: row.try_get(0)?, id: CommandId(copy::uuid(&id)?), status, code: row.try_get(3)?, rev: row.try_get(4)? })
        };
        rows.iter().map(ack).collect()
    }

    /// The sum over the rows of each scope.
    pub async fn sums(&mut self, company: CompanyId, scopes: &BTreeSet<Scope>) -> Result<BTreeMap<Scope, u128>, StoreError> {
        let mut sums: BTreeMap<Scope, u128> = scopes.iter().map(|scope| (*scope, 0)).collect();
        for (place, table) in shape::shipped().enumerate() {
            for (scope, sum) in &mut sums {
                let query = sqlx::query(AssertSqlSafe(sql_of(place).scope.as_str())).bind(company.0.as_bytes().as_slice()).bind(scope.0);
                for row in query.fetch_all(&mut *self.transaction).await? {
                    let row = cells(table.info(), &row)?;
                    *sum = sum.wrapping_add(shape::row_sum(table, row.rev, &row.cells));
                }
            }
        }
        Ok(sums)
    }
}
