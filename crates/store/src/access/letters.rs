//! Links by which passwords are set anew, and letters on their way.

use kontor_domain::cell::{Cell as _, Value};
use kontor_domain::ids::{CompanyId, PersonId};
use kontor_domain::time::Instant;
use sqlx::Row as _;
use uuid::Uuid;

use super::sign_in::{bytes, hash_of};
use super::{Access, SecretHash};
use crate::error::StoreError;
use crate::reader::get;

/// A link by which a password is set anew.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResetLink {
    /// The part that is no secret.
    pub id: Uuid,
    /// The company.
    pub company: CompanyId,
    /// Whose password.
    pub person: PersonId,
    /// What the secret hashes to.
    pub secret_hash: SecretHash,
    /// It is good until then.
    pub expires_at: Instant,
}

impl std::fmt::Debug for ResetLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResetLink").field("id", &self.id).field("person", &self.person).finish_non_exhaustive()
    }
}

/// A letter.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub company: CompanyId,
    /// To whom.
    pub recipient: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// Since when it waits.
    pub created_at: Instant,
    /// How often it was tried.
    pub tries: i64,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("id", &self.id).field("tries", &self.tries).finish_non_exhaustive()
    }
}

impl Access {
    /// Keeps a link and the letter that brings it, both or neither.
    pub async fn add_reset_link(&self, link: &ResetLink, letter: &Letter) -> Result<(), StoreError> {
        let mut transaction = self.keeper.begin().await?;
        sqlx::query("INSERT INTO reset_link (id, company, person, secret_hash, expires_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(bytes(link.id))
            .bind(bytes(link.company.0))
            .bind(bytes(link.person.0))
            .bind(link.secret_hash.to_vec())
            .bind(link.expires_at.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO mail (id, company, recipient, subject, body, created_at, next_at, tries) VALUES ($1, $2, $3, $4, $5, $6, $6, 0)")
            .bind(bytes(letter.id))
            .bind(bytes(letter.company.0))
            .bind(letter.recipient.clone())
            .bind(letter.subject.clone())
            .bind(letter.body.clone())
            .bind(letter.created_at.0)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// A link that is still good, by the part that is no secret.
    pub async fn reset_link(&self, id: Uuid, now: Instant) -> Result<Option<ResetLink>, StoreError> {
        let sql = "SELECT company, person, secret_hash, expires_at FROM reset_link WHERE id = $1 AND used_at IS NULL AND expires_at > $2";
        let Some(row) = self.reader.fetch_one(sql.to_owned(), vec![Value::Id(id), now.to_value()]).await? else { return Ok(None) };
        Ok(Some(ResetLink { id, company: get(&row, 0)?, person: get(&row, 1)?, secret_hash: hash_of(&row, 2)?, expires_at: get(&row, 3)? }))
    }

    /// Uses a link up, and every other one of that person with it. `false`: it was used meanwhile.
    pub async fn use_reset_link(&self, link: &ResetLink, now: Instant) -> Result<bool, StoreError> {
        let sql = "UPDATE reset_link SET used_at = $1 WHERE id = $2 AND used_at IS NULL AND expires_at > $3";
        if self.change(sql, vec![now.to_value(), Value::Id(link.id), now.to_value()]).await? != 1 {
            return Ok(false);
        }
        let sql = "UPDATE reset_link SET used_at = $1 WHERE company = $2 AND person = $3 AND used_at IS NULL";
        self.change(sql, vec![now.to_value(), link.company.to_value(), link.person.to_value()]).await?;
        Ok(true)
    }

    /// Takes a letter whose time has come; nobody else takes it before `until`.
    pub async fn take_letter(&self, now: Instant, until: Instant) -> Result<Option<Letter>, StoreError> {
        let sql = "SELECT id, company, recipient, subject, body, created_at, tries, next_at FROM mail WHERE next_at <= $1 ORDER BY next_at LIMIT 20";
        for row in self.reader.fetch(sql.to_owned(), vec![now.to_value()]).await? {
            let letter = Letter {
                id: get(&row, 0)?,
                company: get(&row, 1)?,
                recipient: row.try_get(2)?,
                subject: row.try_get(3)?,
                body: row.try_get(4)?,
                created_at: get(&row, 5)?,
                tries: get(&row, 6)?,
            };
            let seen: i64 = get(&row, 7)?;
            let sql = "UPDATE mail SET next_at = $1, tries = tries + 1 WHERE id = $2 AND next_at = $3";
            if self.change(sql, vec![until.to_value(), Value::Id(letter.id), Value::Int(seen)]).await? == 1 {
                return Ok(Some(letter));
            }
        }
        Ok(None)
    }

    /// A letter is tried again then.
    pub async fn put_letter_back(&self, id: Uuid, next_at: Instant) -> Result<(), StoreError> {
        self.change("UPDATE mail SET next_at = $1 WHERE id = $2", vec![next_at.to_value(), Value::Id(id)]).await.map(|_| ())
    }

    /// A letter is sent, or never will be.
    pub async fn drop_letter(&self, id: Uuid) -> Result<(), StoreError> {
        self.change("DELETE FROM mail WHERE id = $1", vec![Value::Id(id)]).await.map(|_| ())
    }
}
