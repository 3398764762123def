//! The mail server of a company, where it has one of its own.

use kontor_domain::cell::Cell as _;
use kontor_domain::ids::CompanyId;
use kontor_domain::time::Instant;
use sqlx::Row as _;

use super::Access;
use super::sign_in::bytes;
use crate::error::StoreError;
use crate::reader::get;

/// A mail server as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpSetting {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: i64,
    /// How what is said is kept from others: a word of the server's.
    pub security: String,
    /// Name to sign in with; empty: nobody signs in.
    pub username: String,
    /// Password, sealed.
    pub password: Option<Vec<u8>>,
    /// Address that letters come from.
    pub mail_from: String,
    /// Where links in letters lead.
    pub public_url: String,
}

impl std::fmt::Debug for SmtpSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpSetting").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Access {
    /// The mail server of a company, if it has one of its own.
    pub async fn smtp_setting(&self, company: CompanyId) -> Result<Option<SmtpSetting>, StoreError> {
        let sql = "SELECT host, port, security, username, mail_from, public_url, password FROM smtp_setting WHERE company = $1";
        let Some(row) = self.reader.fetch_one(sql.to_owned(), vec![company.to_value()]).await? else { return Ok(None) };
        Ok(Some(SmtpSetting {
            host: get(&row, 0)?,
            port: get(&row, 1)?,
            security: get(&row, 2)?,
            username: get(&row, 3)?,
            mail_from: get(&row, 4)?,
            public_url: get(&row, 5)?,
            password: row.try_get(6)?,
        }))
    }

    /// Keeps a company's mail server, if what was there is still what was seen; whether it was.
    pub async fn set_smtp_setting(
        &self,
        company: CompanyId,
        seen: Option<&SmtpSetting>,
        setting: &SmtpSetting,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let Some(mut transaction) = self.without_smtp_setting(company, seen).await? else { return Ok(false) };
        sqlx::query(
            "INSERT INTO smtp_setting (company, host, port, security, username, password, mail_from, public_url, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(bytes(company.0))
        .bind(setting.host.clone())
        .bind(setting.port)
        .bind(setting.security.clone())
        .bind(setting.username.clone())
        .bind(setting.password.clone())
        .bind(setting.mail_from.clone())
        .bind(setting.public_url.clone())
        .bind(now.0)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The company's letters go by the server's own mail server again, if what was there is still what was seen; whether it was.
    pub async fn drop_smtp_setting(&self, company: CompanyId, seen: Option<&SmtpSetting>) -> Result<bool, StoreError> {
        let Some(transaction) = self.without_smtp_setting(company, seen).await? else { return Ok(false) };
        transaction.commit().await?;
        Ok(true)
    }

    /// A transaction in which what was seen is gone; `None` if it is no longer what was seen.
    async fn without_smtp_setting(
        &self,
        company: CompanyId,
        seen: Option<&SmtpSetting>,
    ) -> Result<Option<sqlx::Transaction<'static, sqlx::Any>>, StoreError> {
        let mut transaction = self.keeper.begin().await?;
        // Nobody else writes the row until this is decided.
        sqlx::query("UPDATE smtp_setting SET changed_at = changed_at WHERE company = $1").bind(bytes(company.0)).execute(&mut *transaction).await?;
        if self.smtp_setting(company).await?.as_ref() != seen {
            transaction.rollback().await?;
            return Ok(None);
        }
        sqlx::query("DELETE FROM smtp_setting WHERE company = $1").bind(bytes(company.0)).execute(&mut *transaction).await?;
        Ok(Some(transaction))
    }
}
