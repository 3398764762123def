//! Reading what needs a person.

use kontor_domain::attention::{Attention, ListAttention, Query};
use kontor_domain::catalog::Page;
use kontor_domain::cell::Value;

use crate::error::StoreError;
use crate::reader::{Asker, Reader, clamp, json, values};

impl Reader {
    pub(crate) async fn answer_attention(&self, asker: &Asker, query: &Query) -> Result<String, StoreError> {
        match query {
            Query::ListAttention(ListAttention { offset, limit }) => {
                let open = "company = $1 AND resolved_at IS NULL";
                let total = self.count::<Attention>(open, values(asker, [])).await?;
                let bound = values(asker, [Value::Int(clamp(*limit)), Value::Int(i64::from(*offset))]);
                let rows = self.rows::<Attention>(&format!("{open} ORDER BY at DESC, id LIMIT $2 OFFSET $3"), bound).await?;
                json(&Page { rows, total })
            }
        }
    }
}
