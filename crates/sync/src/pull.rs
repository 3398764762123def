//! How the authority answers a pull: everything of one answer is read in one snapshot.

use std::collections::{BTreeMap, BTreeSet};

use kontor_domain::ids::CompanyId;
use kontor_domain::time::Instant;
use kontor_domain::world::Scope;
use kontor_store::StoreError;
use kontor_store::feed::{self, FeedAck, FeedKind, FeedPage, Head};
use kontor_store::shape;

use crate::message::{Ack, Backup, PAGE_ROWS, Page, PullReply, PullRequest, RowKind, SCOPES_LIMIT, WireRow};
use crate::rule::Rule;

/// Most answers to commands in one page.
const ACKS_LIMIT: i64 = 10_000;

/// What is to be read for a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing: this is the answer.
    Answer(PullReply),
    /// Rows after these revs.
    Read {
        /// The rev after which each scope is read.
        cursors: BTreeMap<Scope, i64>,
        /// Scopes that start anew.
        boot: BTreeSet<i64>,
    },
}

/// Decides what a copy may have and where it starts. `schema` is this program's newest migration.
pub fn plan(request: &PullRequest, head: &Head, schema: i64) -> Plan {
    if request.shape != shape::shape() {
        return Plan::Answer(if request.schema > schema { PullReply::Wait } else { PullReply::Upgrade });
    }
    let is_another = request.state.epoch.is_some_and(|epoch| epoch != head.epoch);
    // A history that went back is noticed by what was seen: a clock or a counter would have come back with it.
    let went_back = !head.seen_is_there && Rule::HistoryIsNoticed.holds();
    if (is_another && Rule::HistoryIsNoticed.holds()) || went_back {
        return Plan::Answer(PullReply::Reset { epoch: head.epoch, echo: request.state.clone() });
    }
    let mut boot = BTreeSet::new();
    let mut cursors = BTreeMap::new();
    for scope in head.scopes.iter().take(SCOPES_LIMIT) {
        let held = request.state.cursors.get(&scope.0).copied().unwrap_or(0);
        let known = request.booting.get(&scope.0).copied();
        // Removals below the floor are forgotten: who has not read that far must start anew.
        let is_behind = held.max(known.unwrap_or(0)) < head.tombstone_floor && Rule::FloorBoots.holds();
        let starts = (held == 0 && known.is_none()) || is_behind;
        if starts {
            boot.insert(scope.0);
        }
        cursors.insert(*scope, if starts { 0 } else { held });
    }
    Plan::Read { cursors, boot }
}

/// What comes with the last page beside rows.
#[derive(Debug, Default)]
pub struct Answers {
    /// What became of commands.
    pub acks: Vec<FeedAck>,
    /// Sums of scopes.
    pub sums: Option<BTreeMap<Scope, u128>>,
}

/// The page, from what was read.
pub fn page(request: &PullRequest, head: &Head, now: Instant, boot: BTreeSet<i64>, read: FeedPage, answers: Answers) -> Page {
    let rows = read.rows.iter().filter(|row| row.kind != FeedKind::Left || Rule::LeftIsTold.holds());
    let kind = |kind| match kind {
        FeedKind::Put => RowKind::Put,
        FeedKind::Del => RowKind::Del,
        FeedKind::Left => RowKind::Left,
    };
    let is_empty = read.rows.is_empty() && answers.acks.is_empty() && boot.is_empty();
    Page {
        epoch: head.epoch,
        head: (head.rev, head.mark),
        now,
        stable: head.stable,
        backup: (!is_empty).then(|| Backup { at: head.stable_at.map(Instant) }),
        scopes: read.upto.iter().map(|(scope, rev)| (scope.0, *rev)).collect(),
        boot,
        rows: rows.map(|row| WireRow::new(row.table, row.rev, kind(row.kind), row.scope, &row.cells)).collect(),
        acks: answers.acks.into_iter().map(|ack| Ack { seq: ack.seq, id: ack.id, status: ack.status, code: ack.code, rev: ack.rev }).collect(),
        sums: answers.sums.map(|sums| sums.into_iter().map(|(scope, sum)| (scope.0, format!("{sum:032x}"))).collect()),
        complete: read.complete,
        echo: request.state.clone(),
    }
}

/// Answers a pull from a file.
pub fn answer(
    snapshot: &feed::Snapshot<'_>,
    company: CompanyId,
    request: &PullRequest,
    now: Instant,
    page_rows: Option<usize>,
) -> Result<PullReply, StoreError> {
    answer_while(snapshot, company, request, now, page_rows, || ())
}

/// The same; something else happens at the authority between two reads (that is what the one snapshot is for).
pub fn answer_while(
    snapshot: &feed::Snapshot<'_>,
    company: CompanyId,
    request: &PullRequest,
    now: Instant,
    page_rows: Option<usize>,
    meanwhile: impl FnOnce(),
) -> Result<PullReply, StoreError> {
    let head = snapshot.head(company, request.device, request.seen)?;
    let (cursors, boot) = match plan(request, &head, feed::schema()) {
        Plan::Answer(reply) => return Ok(reply),
        Plan::Read { cursors, boot } => (cursors, boot),
    };
    let read = snapshot.rows(company, &cursors, head.rev, page_rows.unwrap_or(PAGE_ROWS))?;
    meanwhile();
    let mut answers = Answers::default();
    if read.complete {
        answers.acks = snapshot.acks(company, request.state.replica, request.state.acked, ACKS_LIMIT)?;
        if request.sums {
            answers.sums = Some(snapshot.sums(company, &cursors.keys().copied().collect())?);
        }
    }
    Ok(PullReply::Page(Box::new(page(request, &head, now, boot, read, answers))))
}

/// Answers a pull from PostgreSQL, in a transaction of its own.
pub async fn answer_postgres(
    connection: &mut feed::PgConnection,
    company: CompanyId,
    request: &PullRequest,
    now: Instant,
    page_rows: Option<usize>,
) -> Result<PullReply, StoreError> {
    let mut snapshot = feed::PgSnapshot::begin(connection).await?;
    let head = snapshot.head(company, request.device, request.seen).await?;
    let (cursors, boot) = match plan(request, &head, feed::schema()) {
        Plan::Answer(reply) => return Ok(reply),
        Plan::Read { cursors, boot } => (cursors, boot),
    };
    let read = snapshot.rows(company, &cursors, head.rev, page_rows.unwrap_or(PAGE_ROWS)).await?;
    let mut answers = Answers::default();
    if read.complete {
        answers.acks = snapshot.acks(company, request.state.replica, request.state.acked, ACKS_LIMIT).await?;
        if request.sums {
            answers.sums = Some(snapshot.sums(company, &cursors.keys().copied().collect()).await?);
        }
    }
    Ok(PullReply::Page(Box::new(page(request, &head, now, boot, read, answers))))
}
