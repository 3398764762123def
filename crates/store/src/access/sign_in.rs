//! Who signed in: passwords as what they hash to, sessions, what they go on with, and wrong tries.

use kontor_domain::cell::{Cell, Value};
use kontor_domain::command::Rights;
use kontor_domain::identity::{self, ApiKey, Person, Profile, Role};
use kontor_domain::ids::{ApiKeyId, CompanyId, DeviceId, PersonId};
use kontor_domain::settings::Company;
use kontor_domain::time::Instant;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row as _};
use uuid::Uuid;

use super::events::{AccessEvent, insert_event};
use super::{Access, SecretHash};
use crate::error::StoreError;
use crate::identity::{joined, width};
use crate::reader::{columns, get, row_at};

/// Wrong tries after which nobody signs in under a name from a network.
const FAILURES_LIMIT: i64 = 5;
/// Tries of a name from a network in a minute, right ones too.
const TRIES_A_MINUTE: i64 = 5;
const MINUTE_MS: i64 = 60_000;

/// What comes of a try of a name, before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// It may be looked at.
    Allowed,
    /// Too many in a minute.
    TooOften,
    /// Too many were wrong, the last of them then.
    Locked(Instant),
}

/// A person with role, as of now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The company.
    pub company: CompanyId,
    /// The person.
    pub person: Person,
    /// The role's row, if it has one.
    pub role: Option<Role>,
}

impl Holder {
    /// What the person may do.
    pub fn rights(&self) -> Rights {
        identity::rights(&self.person, self.role.as_ref())
    }
}

/// Somebody to sign in.
#[derive(Clone)]
pub struct Account {
    /// Who.
    pub holder: Holder,
    /// What the password hashes to, if there is one.
    pub hash: Option<String>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("holder", &self.holder).finish_non_exhaustive()
    }
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// The company.
    pub company: CompanyId,
    /// Who.
    pub person: PersonId,
    /// Where.
    pub device: DeviceId,
    /// From which address.
    pub address: String,
    /// Since when.
    pub created_at: Instant,
    /// It ends then, whatever it goes on with.
    pub expires_at: Instant,
}

/// A session that somebody acts by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acting {
    /// Who, as of now.
    pub holder: Holder,
    /// Where.
    pub device: DeviceId,
    /// It ends then.
    pub expires_at: Instant,
    /// When it was ended.
    pub revoked_at: Option<Instant>,
    /// Whether there are rules about networks.
    pub has_network_rules: bool,
}

/// A key that a program acts by.
pub struct ActingKey {
    /// Whose it is, as of now.
    pub holder: Holder,
    /// The key.
    pub key: ApiKey,
    /// What its secret hashes to.
    pub secret_hash: SecretHash,
    /// When it was used last.
    pub last_used_at: Option<Instant>,
    /// Whether there are rules about networks.
    pub has_network_rules: bool,
}

impl std::fmt::Debug for ActingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActingKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A right password, and what comes of it.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// What begins.
    pub session: &'a Session,
    /// What it goes on with.
    pub token: &'a RefreshToken,
    /// By what tries were counted.
    pub account_hash: &'a SecretHash,
    /// From where they came.
    pub network: &'a str,
    /// What the audit says of it.
    pub event: &'a AccessEvent,
    /// Whether the person is believed on the device from now on.
    pub grants_device: bool,
}

/// What a session goes on with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    /// The part that is no secret.
    pub id: Uuid,
    /// The session.
    pub session: Uuid,
    /// What the secret hashes to.
    pub secret_hash: SecretHash,
    /// It is good until then.
    pub expires_at: Instant,
    /// When it was used.
    pub used_at: Option<Instant>,
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshToken").field("id", &self.id).field("session", &self.session).finish_non_exhaustive()
    }
}

pub(super) fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

pub(super) fn hash_of(row: &AnyRow, index: usize) -> Result<SecretHash, StoreError> {
    let hash: Vec<u8> = row.try_get(index)?;
    hash.try_into().map_err(|_| StoreError::Damaged("a secret's hash".into()))
}

const WITH_ROLE: &str = "LEFT JOIN role r ON r.company = p.company AND r.id = p.role_id";

fn holder(row: &AnyRow, company: usize, first: usize) -> Result<Holder, StoreError> {
    Ok(Holder { company: get(row, company)?, person: row_at(row, first)?, role: joined(row, first + width::<Person>())? })
}

fn holder_columns() -> String {
    format!("{}, {}", columns::<Person>("p"), columns::<Role>("r"))
}

impl Access {
    /// The company of a code, if exactly one has it.
    pub async fn company_of_code(&self, code: &str) -> Result<Option<CompanyId>, StoreError> {
        let sql = "SELECT id FROM company WHERE UPPER(code) = UPPER($1) LIMIT 2";
        let rows = self.reader.fetch(sql.to_owned(), vec![Value::Text(code.to_owned())]).await?;
        match rows.as_slice() {
            [row] => Ok(Some(get(row, 0)?)),
            _ => Ok(None),
        }
    }

    /// Whether a company, but for `own`, has this code, however it is written.
    pub async fn code_is_used(&self, code: &str, own: Option<CompanyId>) -> Result<bool, StoreError> {
        let sql = "SELECT COUNT(*) FROM company WHERE UPPER(code) = UPPER($1) AND id <> $2";
        let own = own.map_or(Uuid::nil(), |own| own.0);
        Ok(self.reader.number(sql.to_owned(), vec![Value::Text(code.to_owned()), Value::Id(own)]).await? != 0)
    }

    /// A company as it is.
    pub async fn company(&self, id: CompanyId) -> Result<Option<Company>, StoreError> {
        Ok(self.reader.rows::<Company>("id = $1", vec![id.to_value()]).await?.into_iter().next())
    }

    /// Who signs in under this name or is written to at this address.
    pub async fn account(&self, company: CompanyId, name: &str) -> Result<Option<Account>, StoreError> {
        let found = self.account_where(company, "p.username = $2", name).await?;
        let by_email = "p.id IN (SELECT f.id FROM profile f WHERE f.company = $1 AND f.email = $2)";
        // Whether a name is known must not be told by how many questions it takes.
        let written_to = if name.contains('@') { self.account_where(company, by_email, name).await? } else { None };
        Ok(found.or(written_to))
    }

    async fn account_where(&self, company: CompanyId, condition: &str, name: &str) -> Result<Option<Account>, StoreError> {
        if name.is_empty() {
            return Ok(None);
        }
        let sql = format!(
            "SELECT p.company, c.hash, {} FROM person p {WITH_ROLE}
             LEFT JOIN credential c ON c.company = p.company AND c.person = p.id AND c.kind = 'password' WHERE p.company = $1 AND {condition} LIMIT 1",
            holder_columns()
        );
        let row = self.reader.fetch_one(sql, vec![company.to_value(), Value::Text(name.to_owned())]).await?;
        row.map(|row| Ok(Account { holder: holder(&row, 0, 2)?, hash: get(&row, 1)? })).transpose()
    }

    /// A person by id, with what the password hashes to.
    pub async fn account_of(&self, company: CompanyId, person: PersonId) -> Result<Option<Account>, StoreError> {
        let sql = format!(
            "SELECT p.company, c.hash, {} FROM person p {WITH_ROLE}
             LEFT JOIN credential c ON c.company = p.company AND c.person = p.id AND c.kind = 'password' WHERE p.company = $1 AND p.id = $2",
            holder_columns()
        );
        let row = self.reader.fetch_one(sql, vec![company.to_value(), person.to_value()]).await?;
        row.map(|row| Ok(Account { holder: holder(&row, 0, 2)?, hash: get(&row, 1)? })).transpose()
    }

    /// What the office knows of a person.
    pub async fn profile(&self, company: CompanyId, person: PersonId) -> Result<Option<Profile>, StoreError> {
        Ok(self.reader.rows::<Profile>("company = $1 AND id = $2", vec![company.to_value(), person.to_value()]).await?.into_iter().next())
    }

    /// Keeps what a password hashes to.
    pub async fn set_password(&self, company: CompanyId, person: PersonId, hash: &str, now: Instant) -> Result<(), StoreError> {
        let sql = "INSERT INTO credential (company, person, kind, hash, changed_at) VALUES ($1, $2, 'password', $3, $4)
            ON CONFLICT (company, person, kind) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at";
        let values = vec![company.to_value(), person.to_value(), Value::Text(hash.into()), now.to_value()];
        self.change(sql, values).await.map(|_| ())
    }

    /// Forgets the password of somebody who did not become a person.
    pub async fn drop_password(&self, company: CompanyId, person: PersonId) -> Result<(), StoreError> {
        self.change("DELETE FROM credential WHERE company = $1 AND person = $2", vec![company.to_value(), person.to_value()]).await.map(|_| ())
    }

    /// Begins a session, in one transaction with what it changes: the tries before it count no more and it is written down.
    /// Whoever signs in with a device's token is believed on that device from now on.
    pub async fn start_session(&self, sign_in: NewSession<'_>) -> Result<(), StoreError> {
        let NewSession { session, token, account_hash, network, event, grants_device } = sign_in;
        let mut transaction = self.keeper.begin().await?;
        forget_wrong(account_hash, network).execute(&mut *transaction).await?;
        insert_event(event).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO session (id, company, person, device, address, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)")
            .bind(bytes(session.id))
            .bind(bytes(session.company.0))
            .bind(bytes(session.person.0))
            .bind(bytes(session.device.0))
            .bind(session.address.clone())
            .bind(session.created_at.0)
            .bind(session.expires_at.0)
            .execute(&mut *transaction)
            .await?;
        insert_refresh(&mut transaction, token).await?;
        if grants_device {
            sqlx::query(
                "INSERT INTO device_person (company, device, person, granted_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (company, device, person) DO UPDATE SET granted_at = excluded.granted_at, revoked_at = NULL",
            )
            .bind(bytes(session.company.0))
            .bind(bytes(session.device.0))
            .bind(bytes(session.person.0))
            .bind(session.created_at.0)
            .execute(&mut *transaction)
            .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Who acts by a session, all that is needed to let somebody do something in one statement by primary keys.
    pub async fn acting(&self, session: Uuid) -> Result<Option<Acting>, StoreError> {
        let sql = format!(
            "SELECT s.company, s.device, s.expires_at, s.revoked_at, (SELECT COUNT(*) FROM network_rule n WHERE n.company = s.company), {}
             FROM session s JOIN person p ON p.company = s.company AND p.id = s.person {WITH_ROLE} WHERE s.id = $1",
            holder_columns()
        );
        let Some(row) = self.reader.fetch_one(sql, vec![Value::Id(session)]).await? else { return Ok(None) };
        Ok(Some(Acting {
            holder: holder(&row, 0, 5)?,
            device: get(&row, 1)?,
            expires_at: get(&row, 2)?,
            revoked_at: get(&row, 3)?,
            has_network_rules: get::<i64>(&row, 4)? != 0,
        }))
    }

    /// A token that a session goes on with, by the part that is no secret.
    pub async fn refresh_token(&self, id: Uuid) -> Result<Option<RefreshToken>, StoreError> {
        let sql = "SELECT id, session, secret_hash, expires_at, used_at FROM refresh_token WHERE id = $1";
        let Some(row) = self.reader.fetch_one(sql.to_owned(), vec![Value::Id(id)]).await? else { return Ok(None) };
        let secret_hash = hash_of(&row, 2)?;
        Ok(Some(RefreshToken { id, session: get(&row, 1)?, secret_hash, expires_at: get(&row, 3)?, used_at: get(&row, 4)? }))
    }

    /// Uses a token up and gives another one. `false`: it was used before, and nothing was given.
    pub async fn rotate(&self, id: Uuid, fresh: &RefreshToken, now: Instant) -> Result<bool, StoreError> {
        let mut transaction = self.keeper.begin().await?;
        let used = sqlx::query("UPDATE refresh_token SET used_at = $1 WHERE id = $2 AND used_at IS NULL")
            .bind(now.0)
            .bind(bytes(id))
            .execute(&mut *transaction)
            .await?;
        if used.rows_affected() != 1 {
            transaction.rollback().await?;
            return Ok(false);
        }
        insert_refresh(&mut transaction, fresh).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// One more token for a session.
    pub async fn add_refresh_token(&self, token: &RefreshToken) -> Result<(), StoreError> {
        let mut transaction = self.keeper.begin().await?;
        insert_refresh(&mut transaction, token).await?;
        Ok(transaction.commit().await?)
    }

    /// The sessions of a person that may still go on, newest first.
    pub async fn sessions(&self, company: CompanyId, person: PersonId, now: Instant) -> Result<Vec<Session>, StoreError> {
        let sql = "SELECT id, device, address, created_at, expires_at FROM session s WHERE company = $1 AND person = $2 AND revoked_at IS NULL
            AND expires_at > $3 AND EXISTS (SELECT 1 FROM refresh_token t WHERE t.session = s.id AND t.used_at IS NULL AND t.expires_at > $3)
            ORDER BY created_at DESC, id LIMIT 200";
        let rows = self.reader.fetch(sql.to_owned(), vec![company.to_value(), person.to_value(), now.to_value()]).await?;
        let session = |row: &AnyRow| {
            let (id, device, address) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
            Ok(Session { id, company, person, device, address, created_at: get(row, 3)?, expires_at: get(row, 4)? })
        };
        rows.iter().map(session).collect()
    }

    /// Ends one session of a person; whether there was one.
    pub async fn end_session_of(&self, company: CompanyId, person: PersonId, session: Uuid, now: Instant) -> Result<bool, StoreError> {
        let sql = "UPDATE session SET revoked_at = $1 WHERE company = $2 AND person = $3 AND id = $4 AND revoked_at IS NULL AND expires_at > $1";
        let values = vec![now.to_value(), company.to_value(), person.to_value(), Value::Id(session)];
        Ok(self.change(sql, values).await? == 1)
    }

    /// Ends a session.
    pub async fn end_session(&self, session: Uuid, now: Instant) -> Result<(), StoreError> {
        let sql = "UPDATE session SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
        self.change(sql, vec![now.to_value(), Value::Id(session)]).await.map(|_| ())
    }

    /// Ends a person's sessions, all but one if so wished.
    pub async fn end_sessions(&self, company: CompanyId, person: PersonId, but: Option<Uuid>, now: Instant) -> Result<u64, StoreError> {
        let sql = "UPDATE session SET revoked_at = $1 WHERE company = $2 AND person = $3 AND id <> $4 AND revoked_at IS NULL";
        self.change(sql, vec![now.to_value(), company.to_value(), person.to_value(), Value::Id(but.unwrap_or_default())]).await
    }

    /// Forgets sessions and what belongs to them once they can no longer be used, old wrong tries, and what happened at
    /// the door before `kept_from`.
    pub async fn forget_ended(&self, now: Instant, tries_before: Instant, kept_from: Instant) -> Result<(), StoreError> {
        for (sql, before) in [
            ("DELETE FROM refresh_token WHERE expires_at < $1", now),
            ("DELETE FROM session WHERE expires_at < $1", now),
            ("DELETE FROM reset_link WHERE expires_at < $1", now),
            ("DELETE FROM sign_in_failure WHERE last_at < $1", tries_before),
            ("DELETE FROM access_event WHERE at < $1", kept_from),
            ("DELETE FROM command_origin WHERE at < $1", kept_from),
        ] {
            self.change(sql, vec![before.to_value()]).await?;
        }
        Ok(())
    }

    /// Counts a try of a name from a network before it is looked at, so that tries at the same time count, too, at
    /// whichever process. What is not allowed is not looked at.
    pub async fn count_try(&self, account_hash: &SecretHash, network: &str, now: Instant, since: Instant) -> Result<Trial, StoreError> {
        // Each try takes its part of a minute; a minute's worth may be taken ahead of the clock.
        let sql = format!(
            "INSERT INTO sign_in_failure (account_hash, network, failures, last_at, free_at) VALUES ($1, $2, 1, $3, $3 + {part})
             ON CONFLICT (account_hash, network) DO UPDATE SET
                failures = CASE WHEN sign_in_failure.last_at <= $4 THEN 1
                    WHEN sign_in_failure.failures > {FAILURES_LIMIT} THEN sign_in_failure.failures ELSE sign_in_failure.failures + 1 END,
                last_at = CASE WHEN sign_in_failure.last_at > $4 AND sign_in_failure.failures >= {FAILURES_LIMIT}
                    THEN sign_in_failure.last_at ELSE $3 END,
                free_at = CASE WHEN sign_in_failure.free_at + {part} > $3 + {MINUTE_MS} THEN sign_in_failure.free_at
                    WHEN sign_in_failure.free_at > $3 THEN sign_in_failure.free_at + {part} ELSE $3 + {part} END
             WHERE sign_in_failure.free_at + {part} <= $3 + {MINUTE_MS}
                OR (sign_in_failure.failures >= {FAILURES_LIMIT} AND sign_in_failure.last_at > $4)
             RETURNING failures, last_at",
            part = MINUTE_MS / TRIES_A_MINUTE
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(account_hash.to_vec())
            .bind(network.to_owned())
            .bind(now.0)
            .bind(since.0)
            .fetch_optional(&self.keeper)
            .await?;
        let Some(row) = row else { return Ok(Trial::TooOften) };
        let failures: i64 = get(&row, 0)?;
        Ok(if failures > FAILURES_LIMIT { Trial::Locked(get(&row, 1)?) } else { Trial::Allowed })
    }

    /// A try that was counted was not looked at: it counts no more.
    pub async fn take_back_try(&self, account_hash: &SecretHash, network: &str) -> Result<(), StoreError> {
        let part = MINUTE_MS / TRIES_A_MINUTE;
        let sql = format!(
            "UPDATE sign_in_failure SET failures = failures - 1, free_at = free_at - {part} WHERE account_hash = $1 AND network = $2 AND failures > 0"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(account_hash.to_vec()).bind(network.to_owned()).execute(&self.keeper).await?;
        Ok(())
    }

    /// The try was right: the wrong ones before it count no more, only how often it was tried.
    pub async fn forget_tries(&self, account_hash: &SecretHash, network: &str) -> Result<(), StoreError> {
        forget_wrong(account_hash, network).execute(&self.keeper).await?;
        Ok(())
    }

    /// Forgets wrong tries of a name from everywhere; how many networks they came from.
    pub async fn unlock(&self, account_hash: &SecretHash) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) FROM sign_in_failure WHERE account_hash = $1 AND failures > 0")
            .bind(account_hash.to_vec())
            .fetch_one(&self.keeper)
            .await?;
        sqlx::query("DELETE FROM sign_in_failure WHERE account_hash = $1").bind(account_hash.to_vec()).execute(&self.keeper).await?;
        Ok(u64::try_from(get::<i64>(&row, 0)?).unwrap_or_default())
    }

    /// Who acts by a key.
    pub async fn acting_key(&self, id: ApiKeyId) -> Result<Option<ActingKey>, StoreError> {
        let sql = format!(
            "SELECT k.company, x.secret_hash, x.last_used_at, (SELECT COUNT(*) FROM network_rule n WHERE n.company = k.company), {}, {}
             FROM api_key_secret x JOIN api_key k ON k.company = x.company AND k.id = x.id
             JOIN person p ON p.company = k.company AND p.id = k.person_id {WITH_ROLE} WHERE x.id = $1",
            columns::<ApiKey>("k"),
            holder_columns()
        );
        let Some(row) = self.reader.fetch_one(sql, vec![id.to_value()]).await? else { return Ok(None) };
        Ok(Some(ActingKey {
            holder: holder(&row, 0, 4 + width::<ApiKey>())?,
            key: row_at(&row, 4)?,
            secret_hash: hash_of(&row, 1)?,
            last_used_at: get(&row, 2)?,
            has_network_rules: get::<i64>(&row, 3)? != 0,
        }))
    }

    /// Keeps what a key's secret hashes to.
    pub async fn add_key_secret(&self, company: CompanyId, id: ApiKeyId, secret_hash: &SecretHash) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO api_key_secret (id, company, secret_hash) VALUES ($1, $2, $3)")
            .bind(bytes(id.0))
            .bind(bytes(company.0))
            .bind(secret_hash.to_vec())
            .execute(&self.keeper)
            .await?;
        Ok(())
    }

    /// Forgets the secret of a key that did not come to be.
    pub async fn drop_key_secret(&self, id: ApiKeyId) -> Result<(), StoreError> {
        self.change("DELETE FROM api_key_secret WHERE id = $1", vec![id.to_value()]).await.map(|_| ())
    }

    /// A key is being used.
    pub async fn note_key_use(&self, id: ApiKeyId, now: Instant) -> Result<(), StoreError> {
        self.change("UPDATE api_key_secret SET last_used_at = $1 WHERE id = $2", vec![now.to_value(), id.to_value()]).await.map(|_| ())
    }
}

fn forget_wrong(account_hash: &SecretHash, network: &str) -> Query<'static, Any, AnyArguments> {
    let query = sqlx::query("UPDATE sign_in_failure SET failures = 0 WHERE account_hash = $1 AND network = $2");
    query.bind(account_hash.to_vec()).bind(network.to_owned())
}

async fn insert_refresh(transaction: &mut sqlx::Transaction<'_, sqlx::Any>, token: &RefreshToken) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO refresh_token (id, session, secret_hash, expires_at) VALUES ($1, $2, $3, $4)")
        .bind(bytes(token.id))
        .bind(bytes(token.session))
        .bind(token.secret_hash.to_vec())
        .bind(token.expires_at.0)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
