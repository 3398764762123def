//! What was done, tried and refused.

use std::io;
use std::sync::Arc;

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use kontor_domain::identity::{AuditDetail, AuditEntry, AuditFilter, GetAudit, ListAudit};
use kontor_domain::ids::{DeviceId, PersonId};
use kontor_domain::time::Instant;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::actor::Actor;
use crate::api::acting::ask_text;
use crate::api::input::{Of, Search};
use crate::api::output::{Listed, Reply, described_text};
use crate::app::App;
use crate::problem::Problem;

/// Rows of a page if nothing else is said.
const PAGE_ROWS: u32 = 50;
/// What the columns of a file are called.
const COLUMNS: [&str; 10] = ["at", "kind", "status", "code", "person", "person_id", "device", "address", "number", "id"];

/// Which entries.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EntrySearch {
    /// Not before.
    from: Option<Instant>,
    /// Before.
    to: Option<Instant>,
    /// Of this person.
    person: Option<PersonId>,
    /// On this device.
    device: Option<DeviceId>,
    /// Beginning of the kind: `identity.`, `counter.sell`, `access.`.
    kind: Option<String>,
    /// Where to go on: `next` of the part before.
    after: Option<String>,
    /// Rows, 1 to 500; 50 if nothing is said.
    limit: Option<u32>,
}

impl EntrySearch {
    fn question(self, limit: u32) -> Result<ListAudit, Problem> {
        let kind = self.kind.unwrap_or_default();
        let filter = AuditFilter { from: self.from, to: self.to, person_id: self.person, device_id: self.device, kind };
        let wrong = || Problem::malformed("after").about("no place of this list".into(), "query:after".into());
        let before = self.after.map(|text| read_cursor(&text).ok_or_else(wrong)).transpose()?;
        Ok(ListAudit { filter, before, limit })
    }
}

/// Where a page ended: a time and an id.
fn cursor(entry: &AuditEntry) -> String {
    format!("{}-{}", entry.at.0, entry.id.simple())
}

/// The place that a text means.
pub fn read_cursor(text: &str) -> Option<(Instant, Uuid)> {
    let (at, id) = text.rsplit_once('-')?;
    Some((Instant(at.parse().ok()?), Uuid::try_parse(id).ok()?))
}

/// Entries, newest first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Search(wish): Search<EntrySearch>,
) -> Result<Reply<200, Listed<AuditEntry>>, Problem> {
    let limit = wish.limit.unwrap_or(PAGE_ROWS).clamp(1, kontor_store::reader::PAGE_LIMIT);
    let rows = app.host.ask_as(&actor, wish.question(limit)?).await?;
    let is_full = u32::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows.last().filter(|_| is_full).map(cursor);
    Reply::of(&Listed { rows, next, total: None })
}

/// One entry with all it said.
pub(super) async fn one(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<Uuid>) -> Result<Reply<200, AuditDetail>, Problem> {
    let text = ask_text(&app, &actor, GetAudit { id }).await?;
    if text == "null" { Err(Problem::missing("entry")) } else { Ok(Reply::text(text)) }
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

/// A file that is being told: all that was asked for, page by page, however much it is.
struct Telling {
    app: Arc<App>,
    actor: Actor,
    question: ListAudit,
    rows: Vec<AuditEntry>,
    is_first: bool,
}

impl Telling {
    async fn begin(app: Arc<App>, actor: Actor, question: ListAudit) -> Result<Self, Problem> {
        let rows = app.host.ask_as(&actor, question.clone()).await?;
        Ok(Self { app, actor, question, rows, is_first: true })
    }

    /// The rows that are here as text, and what comes behind them.
    async fn part(mut self) -> io::Result<(Vec<u8>, Option<Self>)> {
        let mut file = csv::Writer::from_writer(Vec::new());
        if self.is_first {
            file.write_record(COLUMNS)?;
        }
        for entry in &self.rows {
            file.write_record(line(entry))?;
        }
        let text = file.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        let is_full = self.rows.len() == kontor_store::reader::PAGE_LIMIT as usize;
        let Some(last) = self.rows.last().filter(|_| is_full) else { return Ok((text, None)) };
        self.question.before = Some((last.at, last.id));
        // A file that breaks off is none: whoever reads it is told so by its end that does not come.
        let rows = self.app.host.ask_as(&self.actor, self.question.clone()).await.map_err(|problem| io::Error::other(format!("{problem:?}")))?;
        Ok((text, Some(Self { rows, is_first: false, ..self })))
    }
}

/// Entries as a CSV file.
pub(super) async fn export(State(app): State<Arc<App>>, actor: Actor, Search(wish): Search<EntrySearch>) -> Result<Table, Problem> {
    // Before the answer begins: who may not ask is told so, not given half a file.
    let telling = Telling::begin(app, actor, wish.question(kontor_store::reader::PAGE_LIMIT)?).await?;
    let parts = stream::try_unfold(Some(telling), async |telling: Option<Telling>| match telling {
        Some(telling) => telling.part().await.map(Some),
        None => Ok(None),
    });
    Ok(Table(Body::from_stream(parts)))
}

/// A CSV file.
pub struct Table(Body);

impl IntoResponse for Table {
    fn into_response(self) -> Response {
        let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\"")];
        (headers, self.0).into_response()
    }
}

impl OperationOutput for Table {
    type Inner = String;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, aide::openapi::Response)> {
        vec![(Some(200), described_text(ctx, "text/csv", "A CSV file"))]
    }
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
