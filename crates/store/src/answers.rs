//! What is kept with a command that was asked for over HTTP: from where it came, and what was answered to callers who named
//! their request, so that the same request again gets the same answer. Both are written in the transaction of the command:
//! there is never one without the other.

use kontor_domain::cell::Value;
use kontor_domain::ids::{CommandId, CompanyId};
use kontor_domain::time::Instant;
use sqlx::Row as _;
use uuid::Uuid;

use crate::access::Access;
use crate::error::StoreError;
use crate::reader::get;

/// SHA-256 of a request.
pub type RequestHash = [u8; 32];

/// What is kept with a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptBeside {
    /// The command.
    pub command_id: CommandId,
    /// When.
    pub at: Instant,
    /// From where it came.
    pub origin: Origin,
    /// What was answered, if the caller named the request.
    pub answer: Option<Answer>,
}

/// From where a command came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The network address.
    pub address: String,
    /// The session by which it came.
    pub session: Option<Uuid>,
    /// The key by which it came.
    pub api_key: Option<Uuid>,
}

/// An answer as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was asked.
    pub request_hash: RequestHash,
    /// HTTP status.
    pub status: u16,
    /// Headers that belong to it: JSON `[[name, value], …]`.
    pub headers: String,
    /// Its body.
    pub body: String,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// On both engines: company, command, what was asked, status, headers, body, time.
pub(crate) const INSERT_SQL: &str =
    "INSERT INTO kept_answer (company, command_id, request_hash, status, headers, body, at) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// On both engines: company, command, address, session, key, time.
pub(crate) const ORIGIN_SQL: &str = "INSERT INTO command_origin (company, id, address, session, api_key, at) VALUES ($1, $2, $3, $4, $5, $6)";

impl Access {
    /// What was answered when a command was done.
    pub async fn kept_answer(&self, company: CompanyId, id: CommandId) -> Result<Option<Answer>, StoreError> {
        let sql = "SELECT request_hash, status, headers, body FROM kept_answer WHERE command_id = $1 AND company = $2";
        let Some(row) = self.reader().fetch_one(sql.to_owned(), vec![Value::Id(id.0), Value::Id(company.0)]).await? else { return Ok(None) };
        let damaged = |what: &str| StoreError::Damaged(format!("a kept answer's {what}"));
        Ok(Some(Answer {
            request_hash: row.try_get::<Vec<u8>, _>(0)?.try_into().map_err(|_| damaged("hash"))?,
            status: u16::try_from(get::<i64>(&row, 1)?).map_err(|_| damaged("status"))?,
            headers: get(&row, 2)?,
            body: get(&row, 3)?,
        }))
    }

    /// Keeps what was answered where no command was done.
    pub async fn keep_answer(&self, company: CompanyId, id: CommandId, answer: &Answer, at: Instant) -> Result<(), StoreError> {
        sqlx::query(sqlx::AssertSqlSafe(format!("{INSERT_SQL} ON CONFLICT DO NOTHING")))
            .bind(company.0.as_bytes().to_vec())
            .bind(id.0.as_bytes().to_vec())
            .bind(answer.request_hash.to_vec())
            .bind(i64::from(answer.status))
            .bind(answer.headers.clone())
            .bind(answer.body.clone())
            .bind(at.0)
            .execute(self.reader().pool())
            .await?;
        Ok(())
    }

    /// Forgets what was answered before; how many there were.
    pub async fn forget_answers(&self, before: Instant) -> Result<u64, StoreError> {
        self.change("DELETE FROM kept_answer WHERE at < $1", vec![Value::Int(before.0)]).await
    }
}
