//! What was done since, for who listens: names alone.

use kontor_domain::cell::Value;
use kontor_domain::ids::{CompanyId, DeviceId, TillId};

use super::Access;
use crate::error::StoreError;
use crate::reader::get;

impl Access {
    /// Where a company's order stands.
    pub async fn last_rev(&self, company: CompanyId) -> Result<i64, StoreError> {
        self.reader.number("SELECT MAX(rev) FROM command_log WHERE company = $1".to_owned(), vec![Value::Id(company.0)]).await
    }

    /// The names of what was done after one rev and up to another, each once.
    pub async fn names_between(&self, company: CompanyId, after: i64, upto: i64) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT name FROM command_log WHERE company = $1 AND rev > $2 AND rev <= $3";
        let rows = self.reader.fetch(sql.to_owned(), vec![Value::Id(company.0), Value::Int(after), Value::Int(upto)]).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// The device that is a till.
    pub async fn device_of_till(&self, company: CompanyId, till: TillId) -> Result<Option<DeviceId>, StoreError> {
        let sql = "SELECT id FROM device WHERE company = $1 AND till_id = $2";
        let row = self.reader.fetch_one(sql.to_owned(), vec![Value::Id(company.0), Value::Id(till.0)]).await?;
        row.as_ref().map(|row| get(row, 0)).transpose()
    }
}
