//! A row's cells as text: column by name, so that it can be read back under another shape of the table.

use kontor_domain::cell::Value;
use uuid::Uuid;

use crate::error::StoreError;

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Int(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        // In a list of its own: else an id could not be told from a text that looks like one.
        Value::Id(id) => vec![id.simple().to_string()].into(),
    }
}

fn value(json: &serde_json::Value) -> Result<Value, StoreError> {
    let damaged = || StoreError::Damaged(format!("{json} is no cell"));
    Ok(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Number(number) => Value::Int(number.as_i64().ok_or_else(damaged)?),
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(list) => {
            let text = list.first().and_then(serde_json::Value::as_str).ok_or_else(damaged)?;
            Value::Id(Uuid::parse_str(text).map_err(|_| damaged())?)
        }
        serde_json::Value::Bool(_) | serde_json::Value::Object(_) => return Err(damaged()),
    })
}

/// Cells under the names of their columns, in their order.
pub fn encode(columns: &[&str], cells: &[Value]) -> String {
    let pairs: Vec<(&str, serde_json::Value)> = columns.iter().copied().zip(cells.iter().map(json)).collect();
    serde_json::to_string(&pairs).unwrap_or_default()
}

/// Names and cells.
pub fn decode(text: &str) -> Result<Vec<(String, Value)>, StoreError> {
    let pairs: Vec<(String, serde_json::Value)> = serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))?;
    pairs.into_iter().map(|(name, json)| Ok((name, value(&json)?))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn cells_come_back_as_they_were() {
        let id = Uuid::from_u128(7);
        let cells = vec![Value::Id(id), Value::Text(id.simple().to_string()), Value::Int(i64::MIN), Value::Null];
        let names = ["a", "b", "c", "d"];
        let back = decode(&encode(&names, &cells)).unwrap();
        assert_eq!(back, names.iter().map(|name| (*name).to_owned()).zip(cells).collect::<Vec<_>>());
    }
}
