//! What was done, tried and refused.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use kontor_domain::identity::{AuditEntry, AuditFilter, GetAudit, ListAudit};
use kontor_domain::ids::{DeviceId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::actor::Actor;
use super::input::{Id, Params};
use crate::app::App;
use crate::problem::Problem;
use crate::wire::{self, Pack};

/// Rows of a page if nothing else is said.
const PAGE_ROWS: u32 = 50;
/// Most rows of a file.
const FILE_ROWS_LIMIT: usize = 50_000;

/// Which entries.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Listing {
    /// Not before, UTC milliseconds.
    from: Option<i64>,
    /// Before, UTC milliseconds.
    to: Option<i64>,
    person: Option<PersonId>,
    device: Option<DeviceId>,
    /// Beginning of the kind.
    kind: String,
    /// What an earlier page said comes after it.
    after: Option<String>,
    limit: Option<u32>,
}

impl Listing {
    fn question(self, limit: u32) -> Result<ListAudit, Problem> {
        let filter =
            AuditFilter { from: self.from.map(Instant), to: self.to.map(Instant), person_id: self.person, device_id: self.device, kind: self.kind };
        let before = self.after.map(|text| read_cursor(&text).ok_or_else(|| Problem::malformed("after"))).transpose()?;
        Ok(ListAudit { filter, before, limit })
    }
}

/// Where a page ended: a time and an id.
fn cursor(entry: &AuditEntry) -> String {
    format!("{}-{}", entry.at.0, entry.id.simple())
}

fn read_cursor(text: &str) -> Option<(Instant, Uuid)> {
    let (at, id) = text.rsplit_once('-')?;
    Some((Instant(at.parse().ok()?), Uuid::try_parse(id).ok()?))
}

#[derive(Serialize)]
struct Page {
    rows: Vec<AuditEntry>,
    /// What to ask for next; none: this was the last page.
    next: Option<String>,
}

/// Entries, newest first.
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor, Params(wish): Params<Listing>) -> Result<Response, Problem> {
    let limit = wish.limit.unwrap_or(PAGE_ROWS).clamp(1, kontor_store::reader::PAGE_LIMIT);
    let rows = app.host.ask_as(&actor, wish.question(limit)?).await?;
    let is_full = u32::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows.last().filter(|_| is_full).map(cursor);
    wire::reply(Page { rows, next }, Pack::No).await
}

/// One entry with all it said.
pub(super) async fn one(State(app): State<Arc<App>>, actor: Actor, Id(id): Id) -> Result<Response, Problem> {
    let found = app.host.ask_as(&actor, GetAudit { id }).await?;
    wire::reply(found.ok_or_else(|| Reject::new(Code::NotFound).with("what", "entry"))?, Pack::No).await
}

/// A cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn line(entry: &AuditEntry) -> [String; 10] {
    let at = entry.at.utc().map(|utc| utc.to_rfc3339()).unwrap_or_default();
    let code = entry.code.map(|code| code.to_string()).unwrap_or_default();
    let (person_id, number) = (entry.person_id.map(|id| id.to_string()).unwrap_or_default(), entry.number.clone().unwrap_or_default());
    let id = entry.id.to_string();
    [
        at,
        entry.kind.clone(),
        entry.status.clone(),
        code,
        entry.person_name.clone(),
        person_id,
        entry.device_name.clone(),
        entry.address.clone(),
        number,
        id,
    ]
    .map(|text| cell(&text))
}

/// Entries as a CSV file.
pub(super) async fn export(State(app): State<Arc<App>>, actor: Actor, Params(wish): Params<Listing>) -> Result<Response, Problem> {
    let failed = |error: csv::Error| {
        tracing::error!(%error, "audit");
        Problem::unavailable()
    };
    let mut question = wish.question(kontor_store::reader::PAGE_LIMIT)?;
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(["at", "kind", "status", "code", "person", "person_id", "device", "address", "number", "id"]).map_err(failed)?;
    for _ in 0..FILE_ROWS_LIMIT / kontor_store::reader::PAGE_LIMIT as usize {
        let rows = app.host.ask_as(&actor, question.clone()).await?;
        for entry in &rows {
            file.write_record(line(entry)).map_err(failed)?;
        }
        match rows.last() {
            Some(last) if rows.len() == kontor_store::reader::PAGE_LIMIT as usize => question.before = Some((last.at, last.id)),
            _ => break,
        }
    }
    let bytes = file.into_inner().map_err(|_| Problem::unavailable())?;
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\"")];
    Ok((headers, bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nonsense_is_not() {
        let id = Uuid::from_u128(7);
        assert_eq!(read_cursor(&format!("12-{}", id.simple())), Some((Instant(12), id)));
        for wrong in ["", "-", "12", "x-7", "12-", "12-7-7"] {
            assert_eq!(read_cursor(wrong), None, "{wrong}");
        }
        assert_eq!(cell("=cmd()"), "'=cmd()");
        assert_eq!(cell("Mei"), "Mei");
    }
}
