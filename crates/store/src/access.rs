//! Who may speak to the shop server: device tokens, the codes by which devices get them, and who is believed where.
//! One text for both engines. Beside the writer: nothing here touches a business table.

use kontor_domain::cell::{Cell as _, Value};
use kontor_domain::counter::Till;
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, LocationId, PersonId, RoleId, TillId};
use kontor_domain::settings::Device;
use kontor_domain::time::Instant;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, AssertSqlSafe, Row};
use uuid::Uuid;

use crate::blob::Blobs;
use crate::error::StoreError;
use crate::migrations::Engine;
use crate::reader::{Reader, bind, get};

mod events;
mod keep;
mod letters;
mod news;
mod quarantine;
mod sign_in;
mod smtp;
mod upkeep;

pub use events::AccessEvent;
pub use letters::{Letter, ResetLink};
pub use quarantine::{Held, HeldOf};
pub use sign_in::{Account, Acting, ActingKey, Holder, NewSession, RefreshToken, Session, Trial};
pub use smtp::SmtpSetting;
pub use upkeep::Covered;

/// SHA-256 of a secret.
pub type SecretHash = [u8; 32];

/// Reads and writes who may speak to the server.
#[derive(Clone, Debug)]
pub struct Access {
    reader: Reader,
    /// Connections that write. Beside those that read: a question waits for no sign-in that waits for the disk. To a file
    /// there is one, for which writers wait in a row; SQLite would have them come again and again.
    keeper: AnyPool,
}

/// Connections that write to PostgreSQL.
const KEEPERS: u32 = 4;

/// A code by which one device gets its token, and what the device will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// The command that adds the till, if it has to be added.
    pub id: CommandId,
    /// The company.
    pub company: CompanyId,
    /// The device.
    pub device: DeviceId,
    /// Its name.
    pub device_name: String,
    /// The till it is.
    pub till: TillId,
    /// The till's number.
    pub till_number: i64,
    /// Where the till sells from.
    pub location: LocationId,
    /// Who is believed on the device.
    pub person: PersonId,
    /// Whether the till is new.
    pub adds_till: bool,
    /// When the code stops being good.
    pub expires_at: Instant,
}

/// A token as it is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceToken {
    /// The part that is no secret.
    pub id: Uuid,
    /// The company.
    pub company: CompanyId,
    /// The device.
    pub device: DeviceId,
    /// What the secret hashes to.
    pub secret_hash: SecretHash,
    /// When it was taken back.
    pub revoked_at: Option<Instant>,
}

impl std::fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceToken").field("id", &self.id).field("device", &self.device).finish_non_exhaustive()
    }
}

/// A till and the device that is it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillPlace {
    /// The till.
    pub till: Till,
    /// Its device.
    pub device: Option<Device>,
    /// Tokens that are good.
    pub token_count: i64,
}

/// A key pair to which tills seal what they could not send.
#[derive(Clone, PartialEq, Eq)]
pub struct SealKey {
    /// What tills seal to.
    pub public: Vec<u8>,
    /// What opens it.
    pub private: Vec<u8>,
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealKey").finish_non_exhaustive()
    }
}

const ENROLMENT_SQL: &str = "SELECT id, company, device, device_name, till, till_number, location, person, adds_till, expires_at FROM enrolment
    WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2";

impl Access {
    /// Opens a database that is up to date, by its address (`sqlite://…?mode=rw`, `postgres://…`).
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let reader = Reader::open(url).await?;
        let keepers = if reader.engine() == Engine::Sqlite { 1 } else { KEEPERS };
        Ok(Self { reader, keeper: AnyPoolOptions::new().max_connections(keepers).connect_lazy(url)? })
    }

    /// Closes its connections.
    pub async fn close(&self) {
        self.keeper.close().await;
        self.reader.close().await;
    }

    /// For reading.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The bytes that rows name.
    pub fn blobs(&self) -> Blobs {
        Blobs::of(self.reader.clone())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.number("SELECT COUNT(*) FROM installation".to_owned(), Vec::new()).await.map(|_| ())
    }

    /// Its newest migration.
    pub async fn schema(&self) -> Result<i64, StoreError> {
        self.reader.number("SELECT MAX(version) FROM _sqlx_migrations".to_owned(), Vec::new()).await
    }

    /// The companies of this database.
    pub async fn companies(&self) -> Result<Vec<CompanyId>, StoreError> {
        let rows = self.reader.fetch("SELECT id FROM company ORDER BY id".to_owned(), Vec::new()).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// Who may do everything in a company: its first owner who is active. What is done at the server's machine is done
    /// in this name.
    pub async fn owner(&self, company: CompanyId) -> Result<Option<PersonId>, StoreError> {
        let sql = "SELECT id FROM person WHERE company = $1 AND role_id = $2 AND active = 1 ORDER BY id LIMIT 1";
        let row = self.reader.fetch_one(sql.to_owned(), vec![Value::Id(company.0), RoleId::OWNER.to_value()]).await?;
        row.as_ref().map(|row| get(row, 0)).transpose()
    }

    /// Whether a company has a device of this id.
    pub async fn has_device(&self, company: CompanyId, device: DeviceId) -> Result<bool, StoreError> {
        let sql = "SELECT COUNT(*) FROM device WHERE company = $1 AND id = $2";
        Ok(self.reader.number(sql.to_owned(), vec![company.to_value(), device.to_value()]).await? != 0)
    }

    /// The tills of a company by number, each with its device.
    pub async fn tills(&self, company: CompanyId) -> Result<Vec<TillPlace>, StoreError> {
        let tills: Vec<Till> = self.reader.rows("company = $1 ORDER BY number", vec![Value::Id(company.0)]).await?;
        let devices: Vec<Device> = self.reader.rows("company = $1", vec![Value::Id(company.0)]).await?;
        let mut places = Vec::with_capacity(tills.len());
        for till in tills {
            let device = devices.iter().find(|device| device.till_id == Some(till.id)).cloned();
            let token_count = match &device {
                Some(device) => {
                    let sql = "SELECT COUNT(*) FROM device_token WHERE company = $1 AND device = $2 AND revoked_at IS NULL";
                    self.reader.number(sql.to_owned(), vec![Value::Id(company.0), Value::Id(device.id.0)]).await?
                }
                None => 0,
            };
            places.push(TillPlace { till, device, token_count });
        }
        Ok(places)
    }

    /// Keeps a code by its hash. Codes that are no longer good are forgotten.
    pub async fn add_enrolment(&self, code_hash: &SecretHash, enrolment: &Enrolment, now: Instant) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM enrolment WHERE expires_at <= $1").bind(now.0).execute(&self.keeper).await?;
        sqlx::query(
            "INSERT INTO enrolment (code_hash, id, company, device, device_name, till, till_number, location, person, adds_till, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(code_hash.to_vec())
        .bind(enrolment.id.0.as_bytes().to_vec())
        .bind(enrolment.company.0.as_bytes().to_vec())
        .bind(enrolment.device.0.as_bytes().to_vec())
        .bind(enrolment.device_name.clone())
        .bind(enrolment.till.0.as_bytes().to_vec())
        .bind(enrolment.till_number)
        .bind(enrolment.location.0.as_bytes().to_vec())
        .bind(enrolment.person.0.as_bytes().to_vec())
        .bind(i64::from(enrolment.adds_till))
        .bind(now.0)
        .bind(enrolment.expires_at.0)
        .execute(&self.keeper)
        .await?;
        Ok(())
    }

    /// What a code is for, if it is still good.
    pub async fn enrolment(&self, code_hash: &SecretHash, now: Instant) -> Result<Option<Enrolment>, StoreError> {
        let query = sqlx::query(ENROLMENT_SQL).bind(code_hash.to_vec()).bind(now.0);
        let Some(row) = query.fetch_optional(self.reader.pool()).await? else { return Ok(None) };
        Ok(Some(Enrolment {
            id: get(&row, 0)?,
            company: get(&row, 1)?,
            device: get(&row, 2)?,
            device_name: get(&row, 3)?,
            till: get(&row, 4)?,
            till_number: get(&row, 5)?,
            location: get(&row, 6)?,
            person: get(&row, 7)?,
            adds_till: get::<i64>(&row, 8)? != 0,
            expires_at: get(&row, 9)?,
        }))
    }

    /// Uses a code up and gives its device this token in place of any other. `false`: it was used meanwhile.
    pub async fn redeem(&self, code_hash: &SecretHash, enrolment: &Enrolment, token: &DeviceToken, now: Instant) -> Result<bool, StoreError> {
        let (company, device) = (enrolment.company.0.as_bytes().to_vec(), enrolment.device.0.as_bytes().to_vec());
        let mut transaction = self.keeper.begin().await?;
        let used = sqlx::query("UPDATE enrolment SET used_at = $1 WHERE code_hash = $2 AND used_at IS NULL AND expires_at > $3")
            .bind(now.0)
            .bind(code_hash.to_vec())
            .bind(now.0)
            .execute(&mut *transaction)
            .await?;
        if used.rows_affected() != 1 {
            transaction.rollback().await?;
            return Ok(false);
        }
        sqlx::query("UPDATE device_token SET revoked_at = $1 WHERE company = $2 AND device = $3 AND revoked_at IS NULL")
            .bind(now.0)
            .bind(company.clone())
            .bind(device.clone())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO device_token (id, company, device, secret_hash, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(token.id.as_bytes().to_vec())
            .bind(company.clone())
            .bind(device.clone())
            .bind(token.secret_hash.to_vec())
            .bind(now.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO device_person (company, device, person, granted_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (company, device, person) DO UPDATE SET granted_at = excluded.granted_at, revoked_at = NULL",
        )
        .bind(company)
        .bind(device)
        .bind(enrolment.person.0.as_bytes().to_vec())
        .bind(now.0)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// A token by the part of it that is no secret.
    pub async fn token(&self, id: Uuid) -> Result<Option<DeviceToken>, StoreError> {
        let sql = "SELECT company, device, secret_hash, revoked_at FROM device_token WHERE id = $1";
        let Some(row) = self.reader.fetch_one(sql.to_owned(), vec![Value::Id(id)]).await? else { return Ok(None) };
        let hash: Vec<u8> = row.try_get(2)?;
        let secret_hash = hash.try_into().map_err(|_| StoreError::Damaged("a token's hash".into()))?;
        Ok(Some(DeviceToken { id, company: get(&row, 0)?, device: get(&row, 1)?, secret_hash, revoked_at: get(&row, 3)? }))
    }

    /// Takes a device's tokens back; how many there were.
    pub async fn revoke(&self, company: CompanyId, device: DeviceId, now: Instant) -> Result<u64, StoreError> {
        let sql = "UPDATE device_token SET revoked_at = $1 WHERE company = $2 AND device = $3 AND revoked_at IS NULL";
        self.change(sql, vec![Value::Int(now.0), Value::Id(company.0), Value::Id(device.0)]).await
    }

    /// Who is believed on a device. Customers never are.
    pub async fn persons(&self, company: CompanyId, device: DeviceId) -> Result<Vec<PersonId>, StoreError> {
        let sql = "SELECT p.person FROM device_person p JOIN person n ON n.company = p.company AND n.id = p.person
            WHERE p.company = $1 AND p.device = $2 AND p.revoked_at IS NULL AND n.active = 1 AND n.role_id <> $3";
        let rows = self.reader.fetch(sql.to_owned(), vec![company.to_value(), device.to_value(), RoleId::CUSTOMER.to_value()]).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// A person is no longer believed on a device, until they sign in there again; whether they were.
    pub async fn withdraw_person(&self, company: CompanyId, device: DeviceId, person: PersonId, now: Instant) -> Result<bool, StoreError> {
        let sql = "UPDATE device_person SET revoked_at = $1 WHERE company = $2 AND device = $3 AND person = $4 AND revoked_at IS NULL";
        let values = vec![Value::Int(now.0), Value::Id(company.0), Value::Id(device.0), Value::Id(person.0)];
        Ok(self.change(sql, values).await? > 0)
    }

    /// The company's key; a fresh one is kept if it has none. What is returned is what is kept, whoever came first.
    pub async fn seal_key(&self, company: CompanyId, fresh: impl FnOnce() -> Option<SealKey>, now: Instant) -> Result<Option<SealKey>, StoreError> {
        if let Some(kept) = self.kept_seal_key(company).await? {
            return Ok(Some(kept));
        }
        let Some(fresh) = fresh() else { return Ok(None) };
        sqlx::query("INSERT INTO seal_key (company, public_key, private_key, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (company) DO NOTHING")
            .bind(company.0.as_bytes().to_vec())
            .bind(fresh.public)
            .bind(fresh.private)
            .bind(now.0)
            .execute(&self.keeper)
            .await?;
        self.kept_seal_key(company).await
    }

    async fn kept_seal_key(&self, company: CompanyId) -> Result<Option<SealKey>, StoreError> {
        let sql = "SELECT public_key, private_key FROM seal_key WHERE company = $1";
        let row = self.reader.fetch_one(sql.to_owned(), vec![Value::Id(company.0)]).await?;
        row.map(|row| Ok(SealKey { public: row.try_get(0)?, private: row.try_get(1)? })).transpose()
    }

    pub(crate) async fn change(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in values {
            query = bind(query, value);
        }
        Ok(query.execute(&self.keeper).await?.rows_affected())
    }
}
