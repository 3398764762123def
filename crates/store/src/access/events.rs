//! The part of the audit that is no command, and the key that this server signs with.

use kontor_domain::ids::{CompanyId, DeviceId, PersonId};
use kontor_domain::time::Instant;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, Row as _};
use uuid::Uuid;

use super::Access;
use super::sign_in::bytes;
use crate::error::StoreError;

/// What happened at the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessEvent {
    /// Its id.
    pub id: Uuid,
    /// The company.
    pub company: CompanyId,
    /// When.
    pub at: Instant,
    /// What: `access.…`.
    pub kind: &'static str,
    /// Who, where it is known.
    pub person: Option<PersonId>,
    /// Where.
    pub device: Option<DeviceId>,
    /// From which address.
    pub address: String,
    /// More of it, JSON without secrets.
    pub detail: String,
    /// Code of a refusal.
    pub code: Option<u32>,
}

impl Access {
    /// Writes down what happened at the door.
    pub async fn note(&self, event: &AccessEvent) -> Result<(), StoreError> {
        insert_event(event).execute(&self.keeper).await?;
        Ok(())
    }

    /// The key that this server's processes sign with; a fresh one is kept if there is none. What is returned is what is
    /// kept, whoever came first.
    pub async fn signing_key(&self, fresh: Vec<u8>, now: Instant) -> Result<Vec<u8>, StoreError> {
        sqlx::query("INSERT INTO signing_key (id, secret, created_at) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING")
            .bind(fresh)
            .bind(now.0)
            .execute(&self.keeper)
            .await?;
        let row = self.reader.fetch_one("SELECT secret FROM signing_key WHERE id = 1".to_owned(), Vec::new()).await?;
        let row = row.ok_or_else(|| StoreError::Damaged("no key to sign with".into()))?;
        Ok(row.try_get(0)?)
    }
}

pub(super) fn insert_event(event: &AccessEvent) -> Query<'static, Any, AnyArguments> {
    sqlx::query("INSERT INTO access_event (id, company, at, kind, person, device, address, detail, code) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(bytes(event.id))
        .bind(bytes(event.company.0))
        .bind(event.at.0)
        .bind(event.kind)
        .bind(event.person.map(|person| bytes(person.0)))
        .bind(event.device.map(|device| bytes(device.0)))
        .bind(event.address.clone())
        .bind(event.detail.clone())
        .bind(event.code.map(i64::from))
}
