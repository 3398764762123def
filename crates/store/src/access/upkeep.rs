//! What the server does of itself, and what is done for it at its machine: backups, removals to forget, scopes.

use kontor_domain::cell::{Cell as _, Value};
use kontor_domain::ids::{CompanyId, DeviceId, WarehouseId};
use kontor_domain::time::Instant;
use kontor_domain::world::Scope;
use sqlx::Row as _;
use uuid::Uuid;

use super::{Access, bind};
use crate::error::StoreError;
use crate::reader::get;

/// How far backups on another machine cover a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The company.
    pub company: CompanyId,
    /// Its history.
    pub epoch: Uuid,
    /// Its last rev.
    pub rev: i64,
    /// Covered up to this one; 0 for nothing.
    pub stable: i64,
    /// When the last such backup was made.
    pub stable_at: Option<Instant>,
}

impl Access {
    /// How far backups on another machine cover each company.
    pub async fn covered(&self) -> Result<Vec<Covered>, StoreError> {
        let rows = self.reader.fetch("SELECT company, epoch, rev, stable, stable_at FROM clock ORDER BY company".to_owned(), Vec::new()).await?;
        rows.iter()
            .map(|row| {
                let epoch: Vec<u8> = row.try_get(1)?;
                Ok(Covered {
                    company: get(row, 0)?,
                    epoch: crate::copy::uuid(&epoch)?,
                    rev: row.try_get(2)?,
                    stable: row.try_get(3)?,
                    stable_at: get(row, 4)?,
                })
            })
            .collect()
    }

    /// A backup on another machine, made then, covers a history of a company up to a rev. `false`: there is no such
    /// history, it has not come to that rev, or a later backup covers it.
    pub async fn set_stable(&self, company: CompanyId, epoch: Uuid, rev: i64, at: Instant) -> Result<bool, StoreError> {
        let sql = "UPDATE clock SET stable = $1, stable_at = $2 WHERE company = $3 AND epoch = $4 AND rev >= $1 AND stable <= $1";
        let values = vec![Value::Int(rev), at.to_value(), company.to_value(), Value::Id(epoch)];
        Ok(self.change(sql, values).await? == 1)
    }

    /// Takes a duty that is due so long after it was last taken. One process gets `true`, however many ask.
    pub async fn take_duty(&self, name: &str, now: Instant, every_ms: i64) -> Result<bool, StoreError> {
        let sql = "INSERT INTO duty (name, taken_at) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET taken_at = excluded.taken_at WHERE duty.taken_at <= $3";
        let values = vec![Value::Text(name.to_owned()), now.to_value(), Value::Int(now.0.saturating_sub(every_ms))];
        Ok(self.change(sql, values).await? == 1)
    }

    /// The last rev that a company had before a time. By halves: the times of revs rise, and no index knows them.
    pub async fn rev_before(&self, company: CompanyId, time: Instant) -> Result<i64, StoreError> {
        let (mut before, mut after) = (0, self.last_rev(company).await?.saturating_add(1));
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            let sql = "SELECT received_at FROM command_log WHERE company = $1 AND rev <= $2 ORDER BY rev DESC LIMIT 1";
            let at = self.reader.number(sql.to_owned(), vec![company.to_value(), Value::Int(middle)]).await?;
            if at < time.0 { before = middle } else { after = middle }
        }
        Ok(before)
    }

    /// How many removals up to a rev are kept for copies that were away.
    pub async fn removals(&self, company: CompanyId, rev: i64) -> Result<i64, StoreError> {
        let sql = "SELECT COUNT(*) FROM change WHERE company = $1 AND rev <= $2";
        self.reader.number(sql.to_owned(), vec![company.to_value(), Value::Int(rev)]).await
    }

    /// Lets a device read a scope beside its own, or no longer; whether that is a change.
    pub async fn grant(&self, company: CompanyId, device: DeviceId, scope: Scope) -> Result<bool, StoreError> {
        let sql = "INSERT INTO device_scope (company, device, scope) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        Ok(self.change(sql, vec![company.to_value(), device.to_value(), Value::Int(scope.0)]).await? == 1)
    }

    /// Takes back what [`Self::grant`] gave; whether that is a change.
    pub async fn withdraw(&self, company: CompanyId, device: DeviceId, scope: Scope) -> Result<bool, StoreError> {
        let sql = "DELETE FROM device_scope WHERE company = $1 AND device = $2 AND scope = $3";
        Ok(self.change(sql, vec![company.to_value(), device.to_value(), Value::Int(scope.0)]).await? == 1)
    }

    /// The warehouse of a name.
    pub async fn warehouse_named(&self, company: CompanyId, name: &str) -> Result<Option<WarehouseId>, StoreError> {
        let sql = "SELECT id FROM warehouse WHERE company = $1 AND name = $2 ORDER BY id LIMIT 1";
        let row = self.reader.fetch_one(sql.to_owned(), vec![company.to_value(), Value::Text(name.to_owned())]).await?;
        row.as_ref().map(|row| get(row, 0)).transpose()
    }

    /// Counts a try of a code from a network, or from all (`*`); how many there were in the minute, this one included.
    pub async fn count_enrol_try(&self, network: &str, now: Instant) -> Result<i64, StoreError> {
        let sql = "INSERT INTO enrol_try (network, tries, since) VALUES ($1, 1, $2) ON CONFLICT (network) DO UPDATE SET
            tries = CASE WHEN enrol_try.since > $3 THEN enrol_try.tries + 1 ELSE 1 END,
            since = CASE WHEN enrol_try.since > $3 THEN enrol_try.since ELSE $2 END
            RETURNING tries";
        let query = bind(bind(bind(sqlx::query(sql), Value::Text(network.to_owned())), now.to_value()), Value::Int(now.0.saturating_sub(60_000)));
        Ok(query.fetch_one(&self.keeper).await?.try_get(0)?)
    }

    /// Forgets tries of codes that count no more.
    pub async fn forget_enrol_tries(&self, now: Instant) -> Result<(), StoreError> {
        self.change("DELETE FROM enrol_try WHERE since <= $1", vec![Value::Int(now.0.saturating_sub(60_000))]).await.map(|_| ())
    }
}
