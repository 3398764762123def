//! Messages: they are sent, get lost, come twice, in any order.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail, ensure};
use kontor_domain::world::Scope;
use kontor_store::{copy, feed, verify};
use kontor_sync::message::{PullReply, PullRequest, PushReply, PushRequest};
use kontor_sync::replica::{Applied, push_request};
use kontor_sync::rule::Rule;
use kontor_sync::stage::Staged;

use super::Run;

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

impl Run {
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
        let mut request = till.stage.request(&copy, till.device, feed::schema(), wants_sums);
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
                let reply = self.shop.server.pull(&request, now, self.page_rows)?;
                let sums = self.sums_of(&request, &reply)?;
                Ok(Some(Flight::PullDown(index, reply, sums)))
            }
            Flight::PullDown(index, reply, sums) => self.pulled(index, reply, sums.as_ref()),
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

    fn pulled(&mut self, index: usize, mut reply: PullReply, sums: Option<&Sums>) -> Result<Option<Flight>> {
        if !Rule::OneSnapshot.holds()
            && let PullReply::Page(page) = &mut reply
            && page.complete
        {
            page.acks = self.shop.server.acks_now(page.echo.replica, page.echo.acked)?;
        }
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
                let now = self.now;
                if let Some(applied) = self.at_till(index, |till| till.apply(batch, now))? {
                    self.applied(index, &applied.map_err(|reject| anyhow::anyhow!("apply: {reject}"))?, sums)?;
                }
                Ok(None)
            }
        }
    }

    /// What must hold whenever an answer was applied.
    fn applied(&mut self, index: usize, applied: &Applied, sums: Option<&Sums>) -> Result<()> {
        let Applied::Done { mismatched, .. } = applied else { return Ok(()) };
        self.tally.applied += 1;
        ensure!(mismatched.is_empty(), "till {index}: with nothing pending it is not what the server has: {mismatched:?}");
        self.own_writes(index)?;
        if let Some(sums) = sums {
            let till = &self.shop.tills[index].0;
            let scopes = sums.keys().copied().collect();
            let base = copy::base_sums(till.connection(), till.company, &scopes)?;
            ensure!(base == *sums, "till {index}: taken back to its base it is not what the server had");
        }
        if self.dice.percent(4) {
            self.verify_till(index)?;
        }
        Ok(())
    }

    pub(super) fn own_writes(&self, index: usize) -> Result<()> {
        let missing = self.shop.tills[index].0.missing()?;
        ensure!(missing.is_empty(), "till {index} does not show what was entered on it: {missing:?}");
        Ok(())
    }

    pub(super) fn verify_till(&self, index: usize) -> Result<()> {
        let till = &self.shop.tills[index].0;
        let differences = verify::check_file(till.connection(), till.company)?;
        ensure!(differences.is_empty(), "till {index}: {:?}", differences.first());
        Ok(())
    }
}
