//! Quiet: everything is said, and everything must agree.

use anyhow::Result;
use kontor_sync::replica::push_request;

use super::Run;
use super::network::Flight;
use crate::checks;
use crate::noticed::{Look, holds, noticed};
use crate::till::{Damage, Program};

/// Rounds after which machines that do not come to rest are a defect.
const ROUNDS_LIMIT: usize = 60;

impl Run<'_> {
    /// Everything is said until nobody has anything to say.
    pub(super) fn rest(&mut self) -> Result<()> {
        self.is_quiet = true;
        self.flights.clear();
        self.lets_in_all()?;
        // By now everybody has the new program.
        for index in 0..self.shop.tills.len() {
            if self.till(index).program != Program::Same {
                self.upgrades(index)?;
            }
            self.till(index).is_understood()?;
        }
        for _ in 0..ROUNDS_LIMIT {
            let mut is_at_rest = true;
            for index in 0..self.shop.tills.len() {
                is_at_rest &= !self.push_all(index)?;
                is_at_rest &= !self.pull_all(index, false)?;
            }
            if is_at_rest {
                return self.mends();
            }
        }
        Err(noticed(Look::ComesToRest, format!("no rest after {ROUNDS_LIMIT} rounds")))
    }

    /// What was changed behind a program's back is found when all is compared, and comes again.
    fn mends(&mut self) -> Result<()> {
        for index in 0..self.shop.tills.len() {
            for _ in 0..3 {
                if self.till(index).damage == Damage::Now {
                    self.pull_all(index, true)?;
                }
            }
            holds!(Look::ComesToRest, self.till(index).damage != Damage::Now, "till {index} never becomes what the server has");
        }
        Ok(())
    }

    /// Pushes as long as there is something; whether there was.
    fn push_all(&mut self, index: usize) -> Result<bool> {
        let now = self.now;
        let till = self.till(index);
        let (copy, entries) = till.look(200)?;
        let Some(request) = push_request(&copy, &entries, till.device, "simulated", now) else { return Ok(false) };
        if let Some(down) = self.arrives(Flight::PushUp(index, request))? {
            self.arrives(down)?;
        }
        Ok(true)
    }

    /// Pulls until all pages are there; whether anything was new.
    pub(super) fn pull_all(&mut self, index: usize, wants_sums: bool) -> Result<bool> {
        let before = self.till(index).look(1)?;
        let request = self.pull_request(index, wants_sums)?;
        let mut flight = Some(Flight::PullUp(index, request));
        for _ in 0..10_000 {
            let Some(next) = flight.take() else { break };
            flight = self.arrives(next)?;
        }
        holds!(Look::ComesToRest, flight.is_none(), "a pull without end");
        Ok(self.till(index).look(1)? != before)
    }

    pub(super) fn agree(&mut self) -> Result<()> {
        for index in 0..self.shop.tills.len() {
            self.pull_all(index, true)?;
            self.own_writes(index)?;
        }
        // The others hold the same rows, as their sums say, and those are the server's.
        let any = self.dice.index(self.shop.tills.len());
        self.verify_till(any, |_| false)?;
        checks::promises(&self.shop.server, &self.promised)?;
        checks::server(&self.shop.server)?;
        for (place, (till, _)) in self.shop.tills.iter().enumerate() {
            checks::till(till, &self.shop.server)?;
            if place == any || till.damage != Damage::Never {
                checks::cells(till, &self.shop.server)?;
            }
        }
        Ok(())
    }
}
