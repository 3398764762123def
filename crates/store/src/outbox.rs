//! Reading what a till has not had answered yet, and what it entered before.

use kontor_domain::cell::Value;
use kontor_domain::host::Waiting;
use kontor_domain::ids::CommandId;
use kontor_domain::time::Instant;

use crate::error::StoreError;
use crate::reader::{Asker, Reader, clamp, get, values};

/// What waits for the authority's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// Commands.
    pub commands: i64,
    /// Sales among them.
    pub sales: i64,
    /// When the first was entered.
    pub since: Option<Instant>,
}

/// A command as the log of this file keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// Its name.
    pub name: String,
    /// Version of its shape.
    pub version: i64,
    /// The command, JSON.
    pub args: String,
}

impl Reader {
    /// What waits.
    pub async fn outbox(&self) -> Result<Outbox, StoreError> {
        let sql = "SELECT COUNT(*), COUNT(CASE WHEN l.name = 'counter.sell' THEN 1 END), MIN(l.at) FROM outbox o JOIN command_log l ON l.id = o.id";
        let Some(row) = self.fetch_one(sql.to_owned(), Vec::new()).await? else { return Ok(Outbox::default()) };
        Ok(Outbox { commands: get(&row, 0)?, sales: get(&row, 1)?, since: get(&row, 2)? })
    }

    /// The first commands that wait.
    pub async fn waiting(&self, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        let sql = "SELECT l.id, l.name, l.number, l.at FROM outbox o JOIN command_log l ON l.id = o.id ORDER BY o.seq LIMIT $1";
        let rows = self.fetch(sql.to_owned(), vec![Value::Int(clamp(limit))]).await?;
        rows.iter().map(|row| Ok(Waiting { id: get(row, 0)?, name: get(row, 1)?, number: get(row, 2)?, at: get(row, 3)? })).collect()
    }

    /// A command that was entered on this file.
    pub async fn entered(&self, asker: &Asker, id: CommandId) -> Result<Option<Entered>, StoreError> {
        let sql = "SELECT name, version, args FROM command_log WHERE company = $1 AND id = $2 AND device = $3";
        let row = self.fetch_one(sql.to_owned(), values(asker, [Value::Id(id.0), Value::Id(asker.device.0)])).await?;
        row.map(|row| Ok(Entered { name: get(&row, 0)?, version: get(&row, 1)?, args: get(&row, 2)? })).transpose()
    }
}
