//! How far back copies go: what the authority moves the horizon by, and what a copy then forgets.
//!
//! Documents and moves are the tables that are only added to. Their rows have the rev of the command that wrote them, for
//! ever, so one rev says which of them a copy keeps.

use std::collections::BTreeSet;

use kontor_domain::cell::{Cell as _, Value};
use kontor_domain::history::{Advance, Brought, Horizon};
use kontor_domain::ids::{CompanyId, LocationId, LotId, ProductId, WarehouseId};
use kontor_domain::time::BusinessDate;
use kontor_domain::units::Quantity;
use kontor_domain::world::{Change, Scope, TableInfo};
use rusqlite::{Connection, OptionalExtension as _, params};
use sqlx::Row as _;
use uuid::Uuid;

use crate::error::StoreError;
use crate::reader::Reader;
use crate::{copy, shape};

/// What copies keep of a table: a condition behind others, in which `$1` is the company.
pub(crate) const fn kept(info: &TableInfo) -> &'static str {
    match info.change {
        Change::Append => " AND rev > coalesce((SELECT through_rev FROM horizon WHERE horizon.company = $1), 0)",
        Change::Update | Change::Remove | Change::OutsideUndo => "",
    }
}

const HORIZON_SQL: &str = "SELECT through_rev FROM horizon WHERE company = $1";

/// The rev of the last document or move before the first one of a day or later; 0 if there is none.
const BEFORE_SQL: &str = "WITH first AS (SELECT coalesce(MIN(f.rev), 9223372036854775807) AS rev FROM (
        SELECT MIN(rev) AS rev FROM posting WHERE company = $1 AND business_date >= $2
        UNION ALL SELECT MIN(rev) FROM stock_move WHERE company = $1 AND business_date >= $2
        UNION ALL SELECT MIN(rev) FROM sale WHERE company = $1 AND business_date >= $2
        UNION ALL SELECT MIN(rev) FROM stock_document WHERE company = $1 AND business_date >= $2) f)
    SELECT coalesce(MAX(l.rev), 0) FROM (
        SELECT MAX(rev) AS rev FROM posting WHERE company = $1 AND rev < (SELECT rev FROM first)
        UNION ALL SELECT MAX(rev) FROM stock_move WHERE company = $1 AND rev < (SELECT rev FROM first)
        UNION ALL SELECT MAX(rev) FROM sale WHERE company = $1 AND rev < (SELECT rev FROM first)
        UNION ALL SELECT MAX(rev) FROM stock_document WHERE company = $1 AND rev < (SELECT rev FROM first)) l";

/// What moved behind a rev and up to another, by balance.
const BROUGHT_SQL: &str = "SELECT warehouse_id, product_id, location_id, lot_id, CAST(SUM(quantity) AS BIGINT) FROM (
        SELECT warehouse_id, product_id, to_id AS location_id, lot_id, quantity FROM stock_move WHERE company = $1 AND rev > $2 AND rev <= $3
        UNION ALL SELECT warehouse_id, product_id, from_id, lot_id, -quantity FROM stock_move WHERE company = $1 AND rev > $2 AND rev <= $3) f
    GROUP BY warehouse_id, product_id, location_id, lot_id HAVING SUM(quantity) <> 0";

/// What the horizon is to be moved by so that every shift of a day or later stays whole on copies; `None`: it is there.
pub async fn plan(reader: &Reader, company: CompanyId, kept_from: BusinessDate) -> Result<Option<Advance>, StoreError> {
    let owner = Value::Id(company.0);
    let after_rev = reader.number(HORIZON_SQL.to_owned(), vec![owner.clone()]).await?;
    let through_rev = reader.number(BEFORE_SQL.to_owned(), vec![owner.clone(), kept_from.to_value()]).await?;
    if through_rev <= after_rev {
        return Ok(None);
    }
    let rows = reader.fetch(BROUGHT_SQL.to_owned(), vec![owner, Value::Int(after_rev), Value::Int(through_rev)]).await?;
    let brought = rows
        .iter()
        .map(|row| {
            let id = |index: usize| -> Result<Uuid, StoreError> { copy::uuid(&row.try_get::<Vec<u8>, _>(index)?) };
            Ok(brought([id(0)?, id(1)?, id(2)?, id(3)?], row.try_get(4)?))
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Some(Advance { company, after_rev, through_rev, kept_from, brought }))
}

/// The same from an open file, at once: for the simulator.
pub fn plan_of_file(file: &Connection, company: CompanyId, kept_from: BusinessDate) -> Result<Option<Advance>, StoreError> {
    let owner = company.0.as_bytes();
    let after_rev = file.prepare_cached(HORIZON_SQL)?.query_row(params![owner], |row| row.get(0)).optional()?.unwrap_or(0);
    let through_rev = file.prepare_cached(BEFORE_SQL)?.query_row(params![owner, kept_from.to_string()], |row| row.get(0))?;
    if through_rev <= after_rev {
        return Ok(None);
    }
    let mut statement = file.prepare_cached(BROUGHT_SQL)?;
    let mut rows = statement.query(params![owner, after_rev, through_rev])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let id = |index: usize| copy::uuid(&row.get::<_, Vec<u8>>(index)?);
        all.push(brought([id(0)?, id(1)?, id(2)?, id(3)?], row.get(4)?));
    }
    Ok(Some(Advance { company, after_rev, through_rev, kept_from, brought: all }))
}

/// From which day on a copy has whole shifts; `None`: it has everything.
pub async fn kept_from(reader: &Reader, company: CompanyId) -> Result<Option<BusinessDate>, StoreError> {
    let found = reader.rows::<Horizon>("company = $1", vec![Value::Id(company.0)]).await?;
    Ok(found.first().map(|horizon| horizon.kept_from))
}

const fn brought([warehouse, product, location, lot]: [Uuid; 4], quantity: i64) -> Brought {
    Brought {
        warehouse_id: WarehouseId(warehouse),
        product_id: ProductId(product),
        location_id: LocationId(location),
        lot_id: LotId(lot),
        quantity: Quantity(quantity),
    }
}

/// On a copy: what is behind the horizon goes from its scopes. What is still pending (rev 0) stays.
pub(crate) fn forget(connection: &Connection, company: CompanyId, scopes: &BTreeSet<Scope>) -> Result<(), StoreError> {
    for table in shape::shipped().filter(|table| table.info().change == Change::Append) {
        // By scope, because the index begins with it: a look at every row would hold up who is selling.
        let sql = format!(
            "DELETE FROM {} WHERE company = ?1 AND scope = ?2 AND rev > 0
             AND rev <= (SELECT through_rev FROM horizon WHERE horizon.company = ?1)",
            table.info().name
        );
        let mut statement = connection.prepare_cached(&sql)?;
        for scope in scopes {
            statement.execute(params![company.0.as_bytes(), scope.0])?;
        }
    }
    Ok(())
}
