//! One run: a shop, its persons, a bad network, bad luck; then quiet, and everything must agree.

mod faults;
mod network;
mod rest;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use kontor_domain::command::Nature;
use kontor_domain::ids::{CommandId, DeviceId};
use kontor_domain::time::Instant;
use kontor_sync::message::PushedCommand;
use uuid::Uuid;

use self::network::Flight;
use crate::dice::Dice;
use crate::entry;
use crate::files::{Image, Template, wal_length};
use crate::noticed::{Look, holds};
use crate::server::Server;
use crate::shop::{Promise, Promised, START, Shop};
use crate::till::Till;

/// How unlucky a run is: so many of a thousand steps.
struct Luck {
    crash: u64,
    faults: u64,
    drop: u64,
    double: u64,
    /// Whether what goes wrong is mostly what backups are for.
    restores: bool,
}

/// What a run did, for people.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Steps.
    pub steps: u64,
    /// Commands that were entered and done.
    pub commands: u64,
    /// Messages that arrived.
    pub messages: u64,
    /// Answers that were applied.
    pub applied: u64,
    /// Times a machine went down.
    pub crashes: u64,
    /// Copied disks, restored tills, restored servers.
    pub disks: u64,
}

impl Tally {
    /// Both together.
    pub const fn plus(self, other: Self) -> Self {
        Self {
            steps: self.steps + other.steps,
            commands: self.commands + other.commands,
            messages: self.messages + other.messages,
            applied: self.applied + other.applied,
            crashes: self.crashes + other.crashes,
            disks: self.disks + other.disks,
        }
    }
}

/// A run.
pub struct Run<'a> {
    template: &'a Template,
    dice: Dice,
    folder: PathBuf,
    shop: Shop,
    now: Instant,
    /// How far the server's clock is off, milliseconds.
    server_off: i64,
    flights: Vec<Flight>,
    promised: Promised,
    backup: Option<Image>,
    /// A ready file for a till that joins, and the history it is of.
    ready: Option<(PathBuf, Uuid)>,
    /// Devices that are shut out, and what was kept of what they said.
    shut_out: BTreeMap<DeviceId, Vec<PushedCommand>>,
    luck: Luck,
    page_rows: usize,
    is_quiet: bool,
    tally: Tally,
}

/// Runs a seed in a folder of its own.
pub fn run(seed: u64, template: &Template, folder: &Path) -> Result<Tally> {
    let mut dice = Dice::new(seed.wrapping_mul(0xA076_1D64_78BD_642F) ^ 0x5EED);
    let shop = Shop::found(&mut dice, template, folder)?;
    let unlucky = dice.percent(70);
    let luck = Luck {
        crash: if unlucky { dice.roll(120) } else { 0 },
        faults: if unlucky { dice.roll(120) } else { dice.roll(20) },
        drop: dice.roll(250),
        double: dice.roll(250),
        restores: dice.percent(8),
    };
    let page_rows = usize::try_from(dice.between(8, 120)).unwrap_or(60);
    let mut run = Run {
        template,
        dice,
        folder: folder.to_owned(),
        shop,
        now: START,
        server_off: 0,
        flights: Vec::new(),
        promised: Promised::new(),
        backup: None,
        ready: None,
        shut_out: BTreeMap::new(),
        luck,
        page_rows,
        is_quiet: false,
        tally: Tally::default(),
    };
    run.begin()?;
    let steps = run.dice.between(60, 160);
    for step in 0..steps {
        run.step().with_context(|| format!("step {step}"))?;
        run.tally.steps += 1;
    }
    run.rest().context("coming to rest")?;
    run.agree().context("at rest")?;
    Ok(run.tally)
}

impl Run<'_> {
    /// Something to sell, and most tills have it.
    fn begin(&mut self) -> Result<()> {
        for _ in 0..6 {
            self.office_enters()?;
        }
        for index in 0..self.shop.tills.len() {
            if self.dice.percent(80) {
                self.is_quiet = true;
                self.pull_all(index, false)?;
                self.is_quiet = false;
            }
        }
        Ok(())
    }

    fn step(&mut self) -> Result<()> {
        self.now = Instant(self.now.0 + self.dice.between(1, 60_000));
        if self.dice.roll(1000) < self.luck.faults {
            return self.fault();
        }
        let index = self.dice.index(self.shop.tills.len());
        match self.dice.roll(100) {
            0..42 => self.till_enters(index),
            42..46 => self.office_enters(),
            46..56 => self.starts_push(index),
            56..68 => self.starts_pull(index),
            _ => self.delivers(),
        }
    }

    /// The time as the server has it.
    const fn server_now(&self) -> Instant {
        Instant(self.now.0.saturating_add(self.server_off))
    }

    fn till(&mut self, index: usize) -> &mut Till {
        &mut self.shop.tills[index].0
    }

    /// Lets a till work, or go down while it does: before it commits, after it, or so that the end of its log is lost.
    fn at_till<T>(&mut self, index: usize, work: impl FnOnce(&mut Till) -> Result<T>) -> Result<Option<T>> {
        if self.is_quiet || self.dice.roll(1000) >= self.luck.crash {
            return work(self.till(index)).map(Some);
        }
        self.tally.crashes += 1;
        if self.dice.percent(20) {
            return self.at_failing_till(index, work);
        }
        let (mut till, place) = self.shop.tills.remove(index);
        let length = wal_length(till.path());
        let kind = self.dice.roll(3);
        if kind == 0 {
            till.agent.stop_before = u32::try_from(self.dice.between(1, 2)).unwrap_or(1);
        }
        let done = work(&mut till)?;
        let was_stopped = till.agent.is_down;
        let longer = wal_length(till.path());
        let till = match kind {
            0 if !was_stopped => {
                // There was nothing more to commit: it never went down.
                till.agent.stop_before = 0;
                self.shop.tills.insert(index, (till, place));
                return Ok(Some(done));
            }
            2 if longer > length => {
                let cut = length + self.dice.roll(longer - length + 1);
                let image = till.image()?.cut(usize::try_from(cut)?);
                till.with_disk(&image)?
            }
            _ => till.restart()?,
        };
        self.shop.tills.insert(index, (till, place));
        Ok(None)
    }

    /// The disk of a till fails at a commit. Its program goes on, and what it shows is what it showed before.
    fn at_failing_till<T>(&mut self, index: usize, work: impl FnOnce(&mut Till) -> Result<T>) -> Result<Option<T>> {
        let at = u32::try_from(self.dice.between(1, 2)).unwrap_or(1);
        let till = self.till(index);
        till.agent.fail_at = at;
        let done = work(till)?;
        let has_failed = std::mem::take(&mut till.agent.fail_at) == 0;
        self.own_writes(index)?;
        Ok((!has_failed).then_some(done))
    }

    /// The disk of the server fails at a commit: that is no answer to any command.
    fn at_failing_server<T>(&mut self, work: impl FnOnce(&mut Server) -> Result<T>) -> Result<Option<T>> {
        let server = &mut self.shop.server;
        let before = server.head()?;
        server.agent.fail_at = 1;
        let done = work(server)?;
        let has_failed = std::mem::take(&mut server.agent.fail_at) == 0;
        let after = server.head()?;
        holds!(Look::FailureKeepsNothing, !has_failed || before == after, "the disk failed and {} commands were answered", after - before);
        Ok((!has_failed).then_some(done))
    }

    /// Lets the server work, or go down while it does.
    fn at_server<T>(&mut self, work: impl FnOnce(&mut Server) -> Result<T>) -> Result<Option<T>> {
        if self.is_quiet || self.dice.roll(1000) >= self.luck.crash {
            return work(&mut self.shop.server).map(Some);
        }
        self.tally.crashes += 1;
        if self.dice.percent(20) {
            return self.at_failing_server(work);
        }
        let kind = self.dice.roll(3);
        let server = &mut self.shop.server;
        if kind == 0 {
            server.agent.stop_before = 1;
        }
        let length = server.wal_length();
        let done = work(server)?;
        if kind == 0 && !server.agent.is_down {
            server.agent.stop_before = 0;
            return Ok(Some(done));
        }
        let longer = server.wal_length();
        if kind == 2 && longer > length {
            let cut = length + self.dice.roll(longer - length + 1);
            let image = self.shop.server.image()?.cut(usize::try_from(cut)?);
            self.shop.server.restore(&image, None)?;
        } else {
            self.shop.server.restart()?;
        }
        Ok(None)
    }

    fn till_enters(&mut self, index: usize) -> Result<()> {
        let (till, place) = &self.shop.tills[index];
        let Some(command) = entry::at_till(&mut self.dice, till.connection(), place)? else { return Ok(()) };
        let id = CommandId(self.dice.id());
        let promise = if command.nature() == Nature::Fact { Promise::Fact } else { Promise::Request };
        let now = self.now;
        let written = entry::written(&command);
        let again = command.clone();
        let verdict = self.at_till(index, |till| till.submit(id, command, now))?;
        let is_done = match verdict {
            Some(verdict) => verdict.is_ok(),
            // The screen does not know: it asks again, or a person looks whether the sale is there.
            None if self.dice.percent(50) => self.till(index).submit(id, again, now)?.is_ok(),
            None => self.till(index).has(id)?,
        };
        if is_done {
            self.promised.insert(id, promise);
            self.till(index).history.insert(id, written);
            self.tally.commands += 1;
        }
        Ok(())
    }

    fn office_enters(&mut self) -> Result<()> {
        let (dice, file, office) = (&mut self.dice, self.shop.server.connection(), &self.shop.office);
        let entered = if dice.percent(30) { entry::at_till(dice, file, office)? } else { entry::anywhere(dice, file, office)? };
        let Some(command) = entered else { return Ok(()) };
        let (id, now) = (CommandId(self.dice.id()), self.server_now());
        self.at_server(|server| server.submit(id, command, now))?;
        Ok(())
    }
}
