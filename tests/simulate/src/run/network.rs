//! Messages: they are sent, get lost, come twice, in any order.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use kontor_domain::verify::{Difference, VerifyRule};
use kontor_domain::world::Scope;
use kontor_store::{copy, feed, verify};
use kontor_sync::message::{PullReply, PullRequest, PushReply, PushRequest};
use kontor_sync::replica::{Applied, push_request};
use kontor_sync::stage::Staged;
use rusqlite::OptionalExtension as _;

use super::Run;
use crate::entry::Place;
use crate::noticed::{Look, holds};
use crate::till::{Damage, Till};

/// Sums of scopes.
type Sums = BTreeMap<Scope, u128>;

/// A message on its way.
#[derive(Clone)]
pub(super) enum Flight {
    PushUp(usize, PushRequest),
    PushDown(usize, PushReply),
    PullUp(usize, PullRequest),
    /// With what the server had when it answered: what the till must have with nothing pending.
    PullDown(usize, PullReply, Option<Sums>),
}

impl Run<'_> {
    pub(super) fn starts_push(&mut self, index: usize) -> Result<()> {
        let most = self.dice.between(1, 8);
        let now = self.now;
        let till = self.till(index);
        let (copy, entries) = till.look(most)?;
        if let Some(request) = push_request(&copy, &entries, till.device, "simulated", now) {
            self.flights.push(Flight::PushUp(index, request));
        }
        Ok(())
    }

    pub(super) fn pull_request(&mut self, index: usize, wants_sums: bool) -> Result<PullRequest> {
        let till = self.till(index);
        let (copy, _) = till.look(0)?;
        // As the program does: what came as a file is compared with the first rows that come behind it.
        let came_as_file = copy.meta.acked == 0 && copy.cursors.len() == 1 && copy.cursors.contains_key(&Scope::COMPANY);
        let mut request = till.stage.request(&copy, till.device, feed::schema(), wants_sums || came_as_file);
        till.program.sign(&mut request);
        Ok(request)
    }

    pub(super) fn starts_pull(&mut self, index: usize) -> Result<()> {
        let wants_sums = self.dice.percent(30);
        let request = self.pull_request(index, wants_sums)?;
        self.flights.push(Flight::PullUp(index, request));
        Ok(())
    }

    /// Any message arrives: the network keeps no order, forgets and repeats.
    pub(super) fn delivers(&mut self) -> Result<()> {
        if self.flights.is_empty() {
            return Ok(());
        }
        let at = self.dice.index(self.flights.len());
        let flight = if self.dice.roll(1000) < self.luck.double { self.flights[at].clone() } else { self.flights.swap_remove(at) };
        if self.dice.roll(1000) < self.luck.drop {
            return Ok(());
        }
        self.tally.messages += 1;
        if let Some(answer) = self.arrives(flight)? {
            self.flights.push(answer);
        }
        Ok(())
    }

    pub(super) fn arrives(&mut self, flight: Flight) -> Result<Option<Flight>> {
        let now = self.server_now();
        match flight {
            Flight::PushUp(index, request) if self.shut_out.contains_key(&request.device) => {
                Ok(Some(Flight::PushDown(index, self.keeps_aside(request))))
            }
            Flight::PullUp(_, request) if self.shut_out.contains_key(&request.device) => Ok(None),
            Flight::PushUp(index, request) => {
                let reply = self.at_server(|server| server.push(request, now))?;
                Ok(reply.and_then(Result::ok).map(|reply| Flight::PushDown(index, reply)))
            }
            Flight::PushDown(index, reply) => {
                let fresh = self.dice.id();
                self.at_till(index, |till| till.pushed(reply, fresh))?;
                Ok(None)
            }
            Flight::PullUp(index, request) => {
                if let Some(push) = self.push_beside() {
                    let reply = self.shop.server.pull_beside(&request, now, self.page_rows, push)?;
                    return Ok(Some(Flight::PullDown(index, reply, None)));
                }
                let reply = self.shop.server.pull(&request, now, self.page_rows)?;
                let sums = self.sums_of(&request, &reply)?;
                Ok(Some(Flight::PullDown(index, reply, sums)))
            }
            Flight::PullDown(index, reply, sums) => self.pulled(index, reply, sums.as_ref()),
        }
    }

    /// A push that arrives while a pull is answered.
    fn push_beside(&mut self) -> Option<PushRequest> {
        let is_push = |flight: &Flight| matches!(flight, Flight::PushUp(_, request) if !self.shut_out.contains_key(&request.device));
        let at = self.flights.iter().position(is_push)?;
        if !self.dice.percent(30) {
            return None;
        }
        match self.flights.swap_remove(at) {
            Flight::PushUp(_, request) => Some(request),
            _ => None,
        }
    }

    /// What the server has in the scopes of an answer. Where the answer does not carry it, the till does not look, and
    /// applies it the short way: then it is looked at here.
    fn sums_of(&mut self, request: &PullRequest, reply: &PullReply) -> Result<Option<Sums>> {
        let PullReply::Page(page) = reply else { return Ok(None) };
        if !page.complete || request.sums || !self.dice.percent(50) {
            return Ok(None);
        }
        let scopes: BTreeSet<Scope> = page.scopes.keys().copied().map(Scope).collect();
        Ok(Some(copy::sums(self.shop.server.connection(), self.shop.server.company, &scopes)?))
    }

    fn pulled(&mut self, index: usize, reply: PullReply, sums: Option<&Sums>) -> Result<Option<Flight>> {
        match self.till(index).stage.take(reply)? {
            Staged::Ignored => Ok(None),
            Staged::More => Ok(Some(Flight::PullUp(index, self.pull_request(index, false)?))),
            Staged::Reset { epoch, echo } => {
                let fresh = self.dice.id();
                self.at_till(index, |till| till.reset(epoch, echo, fresh))?;
                Ok(None)
            }
            // It keeps pushing, and pulls again when both have the same program.
            Staged::Upgrade | Staged::Wait if !self.is_quiet => Ok(None),
            Staged::Upgrade | Staged::Wait => bail!("by now everybody has the new program"),
            Staged::Ready(batch) => {
                let (now, is_compared) = (self.now, batch.sums.is_some());
                if let Some(applied) = self.at_till(index, |till| till.apply(batch, now))? {
                    let applied = applied.map_err(|reject| anyhow::anyhow!("apply: {reject}"))?;
                    self.compared(index, &applied, is_compared)?;
                    if self.backup.is_some() {
                        self.forget_learnt(index)?;
                    }
                    self.applied(index, &applied, sums)?;
                }
                Ok(None)
            }
        }
    }

    /// A difference is found where somebody changed a row, and only there.
    fn compared(&mut self, index: usize, applied: &Applied, is_compared: bool) -> Result<()> {
        let Applied::Done { mismatched, .. } = applied else { return Ok(()) };
        let till = self.till(index);
        holds!(
            Look::Base,
            mismatched.is_empty() || till.damage == Damage::Now,
            "till {index}: with nothing pending it is not what the server has: {mismatched:?}"
        );
        if till.damage == Damage::Now && is_compared && mismatched.is_empty() {
            till.damage = Damage::Mended;
        }
        Ok(())
    }

    /// What must hold whenever an answer was applied.
    fn applied(&mut self, index: usize, applied: &Applied, sums: Option<&Sums>) -> Result<()> {
        let Applied::Done { .. } = applied else { return Ok(()) };
        self.tally.applied += 1;
        self.own_writes(index)?;
        if let Some(sums) = sums.filter(|_| self.shop.tills[index].0.damage != Damage::Now) {
            let till = &self.shop.tills[index].0;
            let scopes = sums.keys().copied().collect();
            let base = copy::base_sums(till.connection(), till.company, &scopes)?;
            holds!(Look::Base, base == *sums, "till {index}: taken back to its base it is not what the server had");
        }
        if self.dice.percent(4) {
            self.verify_till(index, |difference| self.comes_again(difference))?;
        }
        Ok(())
    }

    /// A restored server that was given what it had kept of a shut out till says truly that the numbers before are missing,
    /// until that till brings them again: they are all there, and it still keeps them to be brought.
    fn comes_again(&self, difference: &Difference) -> bool {
        let of_this_till = |(till, place): &(Till, Place)| -> rusqlite::Result<bool> {
            let sql = "SELECT COUNT(*) = MAX(sale.seq) AND EXISTS (SELECT 1 FROM journal) FROM sale JOIN till ON till.id = sale.till_id
                 WHERE sale.till_id = ?1 AND CAST(till.number AS TEXT) || '-' || CAST(sale.series AS TEXT) = ?2 GROUP BY sale.series";
            let found = till.connection().query_row(sql, (place.till.0.as_bytes(), &difference.about), |row| row.get(0));
            found.optional().map(Option::unwrap_or_default)
        };
        difference.rule == VerifyRule::ReceiptNumbers && self.shop.tills.iter().any(|till| of_this_till(till).unwrap_or(false))
    }

    pub(super) fn own_writes(&self, index: usize) -> Result<()> {
        let missing = self.shop.tills[index].0.missing()?;
        holds!(Look::OwnWrites, missing.is_empty(), "till {index} does not show what was entered on it: {missing:?}");
        Ok(())
    }

    pub(super) fn verify_till(&self, index: usize, may_differ: impl Fn(&Difference) -> bool) -> Result<()> {
        let till = &self.shop.tills[index].0;
        let mut differences = verify::check_file(till.connection(), till.company)?;
        differences.retain(|difference| !may_differ(difference));
        holds!(Look::TillFigures, differences.is_empty(), "till {index}: {:?}", differences.first());
        Ok(())
    }
}
