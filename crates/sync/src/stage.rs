//! Where a copy collects the pages of a pull until all are there: they are applied once, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use kontor_domain::ids::DeviceId;
use kontor_domain::time::Instant;
use kontor_domain::world::Scope;
use kontor_store::agent::Mark;
use kontor_store::copy::{CopyState, PulledRow};
use kontor_store::shape;
use uuid::Uuid;

use crate::message::{Ack, Echo, Page, PullReply, PullRequest, RowError, RowKind};
use crate::rule::Rule;

/// Rows from which on an application waits for an idle counter.
pub const LARGE_ROWS: usize = 20_000;
/// Rows that are staged at most: then what is there is applied, and the rest is another pull.
const STAGE_ROWS_LIMIT: usize = 2_000_000;

/// A whole answer, ready to be applied.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The state it is for.
    pub echo: Echo,
    /// The history.
    pub epoch: Uuid,
    /// Its last rev and what it is there.
    pub head: (i64, Option<Mark>),
    /// The authority's clock.
    pub now: Instant,
    /// A backup covers it up to here.
    pub stable: i64,
    /// The scopes of the device, each read up to this rev.
    pub scopes: BTreeMap<Scope, i64>,
    /// Scopes that start anew.
    pub boot: BTreeSet<Scope>,
    /// Rows, page by page.
    pub pages: Vec<Vec<(RowKind, PulledRow)>>,
    /// Answers to commands.
    pub acks: Vec<Ack>,
    /// Sums of the scopes at the authority.
    pub sums: Option<BTreeMap<i64, String>>,
}

impl Batch {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.pages.iter().map(Vec::len).sum()
    }

    /// Whether applying it should wait until nobody is selling (at most five minutes).
    pub fn is_large(&self) -> bool {
        self.rows() > LARGE_ROWS
    }
}

/// What became of a reply.
#[derive(Debug)]
pub enum Staged {
    /// It was of another question: as if it had never come.
    Ignored,
    /// Ask for the next page.
    More,
    /// All is there.
    Ready(Box<Batch>),
    /// The history is another one.
    Reset {
        /// It.
        epoch: Uuid,
        /// What was asked with.
        echo: Echo,
    },
    /// This program is older than the authority's.
    Upgrade,
    /// The authority's is older than this one.
    Wait,
}

/// Pages that have come.
#[derive(Debug, Default)]
pub struct Stage {
    /// The state the pull began with.
    base: Option<Echo>,
    /// The state with what is staged: the next page must be for it.
    asked: Option<Echo>,
    /// The head of the last page: a history that goes back between two pages is noticed as one that went back before.
    seen: Option<(i64, Mark)>,
    booting: BTreeMap<i64, i64>,
    boot: BTreeSet<i64>,
    pages: Vec<Vec<(RowKind, PulledRow)>>,
    rows: usize,
}

/// The part of a copy's state that a pull is for.
pub fn echo_of(copy: &CopyState) -> Echo {
    Echo {
        epoch: copy.meta.epoch,
        replica: copy.meta.replica,
        acked: copy.meta.acked,
        cursors: copy.cursors.iter().map(|(scope, rev)| (scope.0, *rev)).collect(),
    }
}

impl Stage {
    /// Forgets what has come.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The next question: for the first page, or for what follows the staged ones. What came in several pages is always
    /// compared with the authority's sums at its end; `wants_sums` asks for it with the first page already.
    pub fn request(&mut self, copy: &CopyState, device: DeviceId, schema: i64, wants_sums: bool) -> PullRequest {
        let current = echo_of(copy);
        if self.base.as_ref() != Some(&current) {
            // The copy is another one than when the pull began: what came is of no use.
            self.clear();
            self.base = Some(current.clone());
            self.asked = Some(current.clone());
        }
        let state = self.asked.clone().unwrap_or(current);
        PullRequest {
            device,
            seen: self.seen.or_else(|| copy.meta.seen.map(|mark| (copy.meta.seen_rev, mark))),
            shape: shape::shape(),
            schema,
            booting: self.booting.clone(),
            sums: wants_sums || !self.pages.is_empty(),
            mismatched: Vec::new(),
            wait_ms: 0,
            state,
        }
    }

    /// Takes a reply.
    pub fn take(&mut self, reply: PullReply) -> Result<Staged, RowError> {
        let page = match reply {
            PullReply::Page(page) => page,
            PullReply::Reset { epoch, echo } => {
                self.clear();
                return Ok(Staged::Reset { epoch, echo });
            }
            PullReply::Upgrade => return Ok(Staged::Upgrade),
            PullReply::Wait => return Ok(Staged::Wait),
        };
        if Rule::EchoIsCurrent.holds() && self.asked.as_ref() != Some(&page.echo) {
            return Ok(Staged::Ignored);
        }
        // Read before the pages that are staged: an answer to an earlier try that had come just as far.
        if self.seen.is_some_and(|(rev, _)| page.head.0 < rev) && Rule::EchoIsCurrent.holds() {
            return Ok(Staged::Ignored);
        }
        let rows = page.rows.iter().map(|row| Ok((row.2, row.read()?))).collect::<Result<Vec<_>, RowError>>()?;
        // A scope that starts anew in the middle of a pull (removals were forgotten meanwhile): what came of it before may
        // be what was removed.
        for staged in &mut self.pages {
            staged.retain(|(_, row)| !page.boot.contains(&row.stored.scope.0));
        }
        self.pages.push(rows);
        self.rows = self.pages.iter().map(Vec::len).sum();
        for scope in &page.boot {
            self.boot.insert(*scope);
            self.booting.insert(*scope, page.head.0);
        }
        if page.complete || self.rows > STAGE_ROWS_LIMIT || !Rule::ApplyOnce.holds() {
            return Ok(Staged::Ready(Box::new(self.finish(*page))));
        }
        if let Some(asked) = &mut self.asked {
            asked.cursors = page.scopes;
            asked.epoch = Some(page.epoch);
            self.seen = page.head.1.map(|mark| (page.head.0, mark));
        }
        Ok(Staged::More)
    }

    fn finish(&mut self, last: Page) -> Batch {
        let staged = std::mem::take(self);
        Batch {
            echo: staged.base.unwrap_or(last.echo),
            epoch: last.epoch,
            head: last.head,
            now: last.now,
            stable: last.stable,
            scopes: last.scopes.into_iter().map(|(scope, rev)| (Scope(scope), rev)).collect(),
            boot: staged.boot.into_iter().map(Scope).collect(),
            pages: staged.pages,
            acks: last.acks,
            sums: last.sums,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use kontor_domain::cell::{CellKind, Value};
    use kontor_domain::world::Table;
    use kontor_store::copy::Meta;

    use super::*;
    use crate::message::WireRow;

    /// A page that boots the company's scope, with one person, read at this rev.
    fn page(request: &PullRequest, person: u128, complete: bool, head: i64) -> PullReply {
        let cell = |kind: &CellKind| match kind {
            CellKind::Id => Value::Id(Uuid::from_u128(person)),
            CellKind::Text => Value::Text("Mei".into()),
            CellKind::Int => Value::Int(1),
        };
        let cells: Vec<Value> = Table::person.info().kinds.iter().map(cell).collect();
        PullReply::Page(Box::new(Page {
            epoch: Uuid::nil(),
            head: (head, Some(Mark(Uuid::nil()))),
            now: Instant(0),
            stable: 0,
            backup: None,
            scopes: [(Scope::COMPANY.0, 5)].into(),
            boot: [Scope::COMPANY.0].into(),
            rows: vec![WireRow::new(Table::person, 3, RowKind::Put, Scope::COMPANY, &cells)],
            acks: Vec::new(),
            sums: None,
            complete,
            echo: request.state.clone(),
        }))
    }

    #[test]
    fn what_came_of_a_scope_before_it_started_anew_is_forgotten() {
        let meta = Meta::fresh(None, Uuid::nil(), 1);
        let copy = CopyState { meta, cursors: BTreeMap::new() };
        let mut stage = Stage::default();
        let device = DeviceId(Uuid::nil());
        let first = stage.request(&copy, device, 1, false);
        assert!(matches!(stage.take(page(&first, 1, false, 9)).unwrap(), Staged::More));
        let second = stage.request(&copy, device, 1, false);
        // What comes in several pages is compared at its end.
        assert_eq!((first.sums, second.sums), (false, true));
        let Staged::Ready(batch) = stage.take(page(&second, 2, true, 9)).unwrap() else { unreachable!() };
        let persons: Vec<Value> = batch.pages.iter().flatten().map(|(_, row)| row.key()[0].clone()).collect();
        assert_eq!(persons, [Value::Id(Uuid::from_u128(2))]);
    }

    #[test]
    fn a_page_that_was_read_before_the_staged_ones_is_of_another_try() {
        let copy = CopyState { meta: Meta::fresh(None, Uuid::nil(), 1), cursors: BTreeMap::new() };
        let mut stage = Stage::default();
        let device = DeviceId(Uuid::nil());
        let first = stage.request(&copy, device, 1, false);
        assert!(matches!(stage.take(page(&first, 1, false, 9)).unwrap(), Staged::More));
        let second = stage.request(&copy, device, 1, false);
        assert!(matches!(stage.take(page(&second, 2, true, 8)).unwrap(), Staged::Ignored));
        assert!(matches!(stage.take(page(&second, 2, true, 10)).unwrap(), Staged::Ready(_)));
    }
}
