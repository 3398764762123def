//! What devices sent after they were shut out.

use kontor_domain::attention::AttentionKind;
use kontor_domain::cell::{Cell as _, Value};
use kontor_domain::ids::{CommandId, CompanyId, DeviceId};
use kontor_domain::time::Instant;
use sqlx::Row as _;
use uuid::Uuid;

use super::Access;
use crate::error::StoreError;
use crate::reader::get;

/// A command that is kept and not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its identity.
    pub id: CommandId,
    /// The copy it came from.
    pub replica: Uuid,
    /// Its number there.
    pub seq: i64,
    /// The command as it came, JSON.
    pub command: String,
}

/// How much of a device is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldOf {
    /// The device.
    pub device: DeviceId,
    /// Commands.
    pub count: i64,
    /// Bytes of them.
    pub bytes: i64,
    /// When the last came.
    pub last_at: Instant,
}

impl Access {
    /// Keeps what a device sent after it was shut out; how many of it are new. What is kept already stays as it came first,
    /// and what was decided is not kept.
    pub async fn hold(&self, company: CompanyId, device: DeviceId, held: &[Held], now: Instant) -> Result<u64, StoreError> {
        let mut transaction = self.keeper.begin().await?;
        let mut count = 0;
        for one in held {
            let decided = sqlx::query("SELECT 1 FROM command_log WHERE id = $1 AND company = $2");
            let decided = decided.bind(one.id.0.as_bytes().to_vec()).bind(company.0.as_bytes().to_vec());
            if decided.fetch_optional(&mut *transaction).await?.is_some() {
                continue;
            }
            let kept = sqlx::query(
                "INSERT INTO quarantine (company, id, device, replica, seq, received_at, command) VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (company, id) DO NOTHING",
            )
            .bind(company.0.as_bytes().to_vec())
            .bind(one.id.0.as_bytes().to_vec())
            .bind(device.0.as_bytes().to_vec())
            .bind(one.replica.as_bytes().to_vec())
            .bind(one.seq)
            .bind(now.0)
            .bind(one.command.clone())
            .execute(&mut *transaction)
            .await?;
            count += kept.rows_affected();
        }
        transaction.commit().await?;
        Ok(count)
    }

    /// The devices of which people are told that something is kept.
    pub async fn held_items(&self, company: CompanyId) -> Result<Vec<DeviceId>, StoreError> {
        let sql = "SELECT about_id FROM attention WHERE company = $1 AND kind = $2 AND resolved_at IS NULL";
        let rows = self.reader.fetch(sql.to_owned(), vec![company.to_value(), AttentionKind::ShutOutSent.to_value()]).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// The devices of which something is kept.
    pub async fn held_devices(&self, company: CompanyId) -> Result<Vec<HeldOf>, StoreError> {
        let sql = "SELECT device, COUNT(*), CAST(SUM(LENGTH(command)) AS BIGINT), MAX(received_at) FROM quarantine
            WHERE company = $1 GROUP BY device ORDER BY device";
        let rows = self.reader.fetch(sql.to_owned(), vec![company.to_value()]).await?;
        rows.iter()
            .map(|row| Ok(HeldOf { device: get(row, 0)?, count: row.try_get(1)?, bytes: row.try_get(2)?, last_at: Instant(row.try_get(3)?) }))
            .collect()
    }

    /// How many commands are kept of all devices of all companies.
    pub async fn held_count(&self) -> Result<i64, StoreError> {
        self.reader.number("SELECT COUNT(*) FROM quarantine".to_owned(), Vec::new()).await
    }

    /// Lets go what is kept of a device; how many commands that is, with those that were let go before and are not done.
    pub async fn release(&self, company: CompanyId, device: DeviceId, now: Instant) -> Result<u64, StoreError> {
        let sql = "UPDATE quarantine SET released_at = $1 WHERE company = $2 AND device = $3";
        self.change(sql, vec![now.to_value(), company.to_value(), device.to_value()]).await
    }

    /// Devices of which something was let go and is not done yet.
    pub async fn released_devices(&self) -> Result<Vec<(CompanyId, DeviceId)>, StoreError> {
        let sql = "SELECT DISTINCT company, device FROM quarantine WHERE released_at > 0";
        let rows = self.reader.fetch(sql.to_owned(), Vec::new()).await?;
        rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
    }

    /// The first commands of a device that were let go, in the order they were entered on each copy.
    pub async fn released(&self, company: CompanyId, device: DeviceId, limit: i64) -> Result<Vec<Held>, StoreError> {
        let sql = "SELECT id, replica, seq, command FROM quarantine WHERE company = $1 AND device = $2 AND released_at > 0
            ORDER BY replica, seq LIMIT $3";
        let rows = self.reader.fetch(sql.to_owned(), vec![company.to_value(), device.to_value(), Value::Int(limit)]).await?;
        rows.iter()
            .map(|row| {
                let replica: Vec<u8> = row.try_get(1)?;
                Ok(Held { id: get(row, 0)?, replica: crate::copy::uuid(&replica)?, seq: row.try_get(2)?, command: row.try_get(3)? })
            })
            .collect()
    }

    /// Forgets commands that are done now, or that nobody wants.
    pub async fn let_go(&self, company: CompanyId, ids: &[CommandId]) -> Result<(), StoreError> {
        for id in ids {
            self.change("DELETE FROM quarantine WHERE company = $1 AND id = $2", vec![company.to_value(), Value::Id(id.0)]).await?;
        }
        Ok(())
    }
}
