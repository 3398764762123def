//! What was answered to callers who named their request, so that the same request again gets the same answer. An answer is
//! written in the transaction of the command it answers: there is never one without the other.

use kontor_domain::cell::Value;
use kontor_domain::ids::{CommandId, CompanyId};
use kontor_domain::time::Instant;
use sqlx::Row as _;

use crate::access::Access;
use crate::error::StoreError;
use crate::reader::get;

/// SHA-256 of a request.
pub type RequestHash = [u8; 32];

/// An answer as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The command it answers.
    pub command_id: CommandId,
    /// What was asked.
    pub request_hash: RequestHash,
    /// HTTP status.
    pub status: u16,
    /// Headers that belong to it: JSON `[[name, value], …]`.
    pub headers: String,
    /// Its body.
    pub body: String,
    /// When.
    pub at: Instant,
}

impl std::fmt::Debug for KeptAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptAnswer").field("command_id", &self.command_id).field("status", &self.status).finish_non_exhaustive()
    }
}

/// On both engines, with the places of the parameters in the order of [`KeptAnswer`] behind the company.
pub(crate) const INSERT_SQL: &str =
    "INSERT INTO kept_answer (company, command_id, request_hash, status, headers, body, at) VALUES ($1, $2, $3, $4, $5, $6, $7)";

impl Access {
    /// What was answered when a command was done.
    pub async fn kept_answer(&self, company: CompanyId, id: CommandId) -> Result<Option<KeptAnswer>, StoreError> {
        let sql = "SELECT request_hash, status, headers, body, at FROM kept_answer WHERE command_id = $1 AND company = $2";
        let Some(row) = self.reader().fetch_one(sql.to_owned(), vec![Value::Id(id.0), Value::Id(company.0)]).await? else { return Ok(None) };
        let damaged = |what: &str| StoreError::Damaged(format!("a kept answer's {what}"));
        Ok(Some(KeptAnswer {
            command_id: id,
            request_hash: row.try_get::<Vec<u8>, _>(0)?.try_into().map_err(|_| damaged("hash"))?,
            status: u16::try_from(get::<i64>(&row, 1)?).map_err(|_| damaged("status"))?,
            headers: get(&row, 2)?,
            body: get(&row, 3)?,
            at: get(&row, 4)?,
        }))
    }

    /// Forgets what was answered before; how many there were.
    pub async fn forget_answers(&self, before: Instant) -> Result<u64, StoreError> {
        self.change("DELETE FROM kept_answer WHERE at < $1", vec![Value::Int(before.0)]).await
    }
}
