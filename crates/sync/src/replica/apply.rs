//! The authority's rows come: what is pending is taken back, the rows are applied, answered commands leave the
//! outbox, and what is still pending runs again. One transaction.

use std::collections::{BTreeMap, BTreeSet};

use kontor_domain::world::{Scope, Table};
use kontor_store::StoreError;
use kontor_store::agent::{Status, Step};
use kontor_store::copy::{Ask, Keys, Local, OutboxEntry, PulledRow};

use super::{Message, Phase, Replica};
use crate::message::RowKind;
use crate::rule::Rule;
use crate::stage::{Batch, echo_of};

/// How long what was taken is kept where no backup is made, milliseconds.
const JOURNAL_KEPT_MS: i64 = 30 * DAY_MS;
/// How long it is kept although a backup covers it: it may be an older one that is brought back.
const COVERED_KEPT_MS: i64 = 7 * DAY_MS;
const DAY_MS: i64 = 24 * 3_600_000;

/// What came of an answer to a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was for another state: as if it had never come.
    Stale,
    /// Nothing was new; nothing was written.
    Nothing,
    /// The rows are here.
    Done {
        /// How many rows came.
        rows: usize,
        /// Commands that were answered.
        acked: usize,
        /// Commands that ran again.
        replayed: usize,
        /// Scopes whose sum was not the authority's: they start anew with the next pull, and this must be reported.
        mismatched: Vec<Scope>,
    },
    /// Only with a broken rule: half of it.
    #[doc(hidden)]
    Halfway,
}

impl Batch {
    /// Only with a broken rule: what is left when cursors and answers went ahead.
    pub(super) fn without_acks(self, echo: crate::message::Echo) -> Self {
        Self { acks: Vec::new(), sums: None, echo, ..self }
    }

    fn puts<'a>(&'a self, page: &'a [(RowKind, PulledRow)]) -> impl Iterator<Item = &'a PulledRow> {
        // A scope that was revoked between two pages of this answer: what came of it first is not held any more.
        let is_held = |scope: &Scope| self.scopes.contains_key(scope) || !Rule::RevokedIsCleared.holds();
        page.iter().filter(move |(kind, row)| *kind == RowKind::Put && is_held(&row.stored.scope)).map(|(_, row)| row)
    }

    fn row_writes(&self) -> impl Iterator<Item = Local> + '_ {
        self.pages.iter().flat_map(|page| {
            let puts = self.puts(page).cloned().map(Local::Put);
            // What left is applied first, and only where it still is: the same page may bring it back in another scope.
            let holds = Rule::LeftBeforePuts.holds();
            let gone = page.iter().filter(|(kind, _)| *kind != RowKind::Put).map(move |(_, row)| Local::Gone {
                table: row.table,
                key: row.stored.cells.clone(),
                scope: holds.then_some(row.stored.scope),
            });
            let (first, then): (Vec<Local>, Vec<Local>) = if holds { (gone.collect(), puts.collect()) } else { (puts.collect(), gone.collect()) };
            first.into_iter().chain(then)
        })
    }
}

impl Batch {
    /// The rows that come with all their cells: whatever was pending on them, they are the authority's afterwards.
    fn coming(&self) -> Keys {
        self.pages.iter().flat_map(|page| self.puts(page)).map(|row| (row.table, row.key().to_vec())).collect()
    }

    /// What a copy no longer keeps, when the horizon comes with the rows.
    fn forgets(&self) -> Option<Local> {
        let has_come = self.pages.iter().flatten().any(|(kind, row)| *kind == RowKind::Put && row.table == Table::horizon);
        // In the scopes of this answer: one that is new has no cursor yet, and rows of a page that was read before the
        // horizon moved.
        (has_come && Rule::HistoryIsForgotten.holds()).then(|| Local::ForgetHistory(self.scopes.keys().copied().collect()))
    }
}

impl Replica {
    fn batch_to_apply(&self) -> Option<(&Batch, i64)> {
        match self.batch.first().map(|pending| &pending.message) {
            Some(Message::Apply { batch, .. }) => Some((batch, batch.now.0)),
            _ => None,
        }
    }

    fn end(&mut self, applied: Applied) {
        if let Some(pending) = self.batch.first_mut() {
            pending.applied = Some(applied);
        }
    }

    pub(super) fn apply(&mut self) -> Result<Step, StoreError> {
        let Some(copy) = &self.copy else { return Ok(Step::Nothing) };
        let Some((batch, _)) = self.batch_to_apply() else { return Ok(Step::Nothing) };
        if batch.echo != echo_of(copy) && Rule::EchoIsCurrent.holds() {
            self.end(Applied::Stale);
            return Ok(Step::Nothing);
        }
        if !Rule::OneTransaction.holds() && !batch.acks.is_empty() {
            self.end(Applied::Halfway);
            self.phase = Phase::AcksAsked;
            return Ok(Step::Ask(Ask::Outbox));
        }
        let is_plain = batch.acks.is_empty() && batch.boot.is_empty() && batch.sums.is_none() && !copy.meta.replay_due;
        let has_same_scopes = copy.cursors.keys().eq(batch.scopes.keys());
        if is_plain && has_same_scopes {
            if batch.rows() == 0 && copy.cursors == batch.scopes && copy.meta.epoch == Some(batch.epoch) && copy.meta.seen_rev == batch.head.0 {
                self.end(Applied::Nothing);
                return Ok(Step::Nothing);
            }
            let keys = batch.pages.iter().flatten().map(|(_, row)| (row.table, row.key().to_vec())).collect();
            self.phase = Phase::TouchedAsked;
            return Ok(Step::Ask(Ask::IsTouched(keys)));
        }
        self.rebase()
    }

    /// Rows that no pending command touched are applied as they are; nothing is taken back for them.
    pub(super) fn touched(&mut self, is_touched: bool) -> Result<Step, StoreError> {
        if is_touched {
            return self.rebase();
        }
        let Some((batch, _)) = self.batch_to_apply() else { return Ok(Step::Nothing) };
        let writes: Vec<Local> = batch.row_writes().chain(batch.forgets()).collect();
        let rows = batch.rows();
        self.local.extend(writes);
        if rows > 0 {
            self.forget();
        }
        self.end(Applied::Done { rows, acked: 0, replayed: 0, mismatched: Vec::new() });
        self.advance_cursors(0)?;
        self.commit()
    }

    fn rebase(&mut self) -> Result<Step, StoreError> {
        let Some(copy) = &self.copy else { return Ok(Step::Nothing) };
        let Some((batch, _)) = self.batch_to_apply() else { return Ok(Step::Nothing) };
        let mut writes = Vec::new();
        if Rule::UndoFirst.holds() {
            writes.push(Local::RestoreBase(batch.coming()));
        }
        let revoked = copy.cursors.keys().filter(|scope| !batch.scopes.contains_key(scope) && Rule::RevokedIsCleared.holds());
        let cleared: BTreeSet<Scope> = batch.boot.iter().chain(revoked).copied().collect();
        writes.extend(cleared.into_iter().map(Local::ClearScope));
        writes.extend(batch.row_writes());
        writes.extend(batch.forgets());
        self.phase = Phase::RowsWritten;
        Ok(Step::Write(writes))
    }

    pub(super) fn written(&mut self) -> Result<Step, StoreError> {
        self.forget();
        let Some((batch, _)) = self.batch_to_apply() else { return Ok(Step::Nothing) };
        let scopes: BTreeSet<Scope> = batch.scopes.keys().copied().collect();
        let wants_sums = batch.sums.is_some();
        self.world.hold(scopes.clone());
        if wants_sums {
            self.phase = Phase::SumsAsked;
            return Ok(Step::Ask(Ask::Sums(scopes)));
        }
        self.phase = Phase::AcksAsked;
        Ok(Step::Ask(Ask::Outbox))
    }

    /// What is here now, with nothing pending on it, must be what the authority has.
    pub(super) fn summed(&mut self, sums: &BTreeMap<Scope, u128>) -> Result<Step, StoreError> {
        let Some((batch, _)) = self.batch_to_apply() else { return Ok(Step::Nothing) };
        let theirs = batch.sums.clone().unwrap_or_default();
        let differs = |scope: &Scope, sum: &u128| theirs.get(&scope.0) != Some(&format!("{sum:032x}")) && Rule::SumsAreCompared.holds();
        let mismatched: Vec<Scope> = sums.iter().filter(|(scope, sum)| differs(scope, sum)).map(|(scope, _)| *scope).collect();
        self.end(Applied::Done { rows: 0, acked: 0, replayed: 0, mismatched });
        self.phase = Phase::AcksAsked;
        Ok(Step::Ask(Ask::Outbox))
    }

    /// Answered commands leave the outbox; the others run again.
    pub(super) fn answered(&mut self, entries: Vec<OutboxEntry>) -> Result<Step, StoreError> {
        let Some((batch, now)) = self.batch_to_apply() else { return Ok(Step::Nothing) };
        let (acks, rows) = (batch.acks.clone(), batch.rows());
        let mut waiting: std::collections::VecDeque<OutboxEntry> = entries.into();
        let mut acked = 0;
        for ack in acks {
            // Number and command must both be those of the answer: else another file of this replica was answered, and
            // the next push will hear so.
            let Some(entry) = waiting.pop_front_if(|entry| entry.seq == ack.seq && (entry.id == ack.id || !Rule::AckCarriesId.holds())) else {
                break;
            };
            acked += 1;
            self.local.push(Local::OutboxDrop(entry.seq));
            self.local.push(Local::Verdict { id: entry.id, status: ack.status, code: ack.code, rev: ack.rev });
            if ack.status != Status::Refused && Rule::JournalIsKept.holds() {
                self.local.push(Local::JournalAdd { id: entry.id, rev: ack.rev, acked_at: now, envelope: entry.envelope });
            }
            self.meta()?.meta.acked = entry.seq;
        }
        let (is_halfway, mismatched) = match self.batch.first_mut().and_then(|pending| pending.applied.take()) {
            Some(Applied::Done { mismatched, .. }) => (false, mismatched),
            Some(Applied::Halfway) => (true, Vec::new()),
            _ => (false, Vec::new()),
        };
        self.advance_cursors(now)?;
        for scope in &mismatched {
            self.local.push(Local::Cursor(*scope, Some(0)));
        }
        if is_halfway {
            self.end(Applied::Halfway);
            return self.commit();
        }
        self.end(Applied::Done { rows, acked, replayed: waiting.len(), mismatched });
        self.phase = Phase::Replay(waiting);
        self.replay()
    }

    /// How far this copy has read. `now` of 0: the journal is looked through another time.
    fn advance_cursors(&mut self, now: i64) -> Result<(), StoreError> {
        let Some((batch, _)) = self.batch_to_apply() else { return Ok(()) };
        let (epoch, head, stable, scopes) = (batch.epoch, batch.head, batch.stable, batch.scopes.clone());
        if now != 0 {
            let before = if Rule::JournalForThirtyDays.holds() { now.saturating_sub(JOURNAL_KEPT_MS) } else { i64::MAX };
            self.local.push(Local::JournalTrim { stable, covered_before: now.saturating_sub(COVERED_KEPT_MS), before });
        }
        self.rev = head.0;
        let copy = self.meta()?;
        copy.meta.epoch = Some(epoch);
        copy.meta.seen_rev = head.0;
        copy.meta.seen = head.1;
        copy.meta.shape = kontor_store::shape::shape();
        let revoked: Vec<Scope> = copy.cursors.keys().filter(|scope| !scopes.contains_key(scope)).copied().collect();
        copy.cursors.clone_from(&scopes);
        self.local.extend(revoked.into_iter().map(|scope| Local::Cursor(scope, None)));
        self.local.extend(scopes.into_iter().map(|(scope, rev)| Local::Cursor(scope, Some(rev))));
        Ok(())
    }
}
