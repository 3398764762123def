//! One run: a shop, its persons, a bad network, bad luck; then quiet, and everything must agree.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use kontor_domain::command::Nature;
use kontor_domain::counter::ParkedCart;
use kontor_domain::ids::CommandId;
use kontor_domain::time::Instant;
use kontor_store::feed;
use kontor_store::verify;
use kontor_sync::authority::Upkeep;
use kontor_sync::message::{PullReply, PullRequest, PushReply, PushRequest};
use kontor_sync::replica::{Applied, push_request};
use kontor_sync::rule::Rule;
use kontor_sync::stage::Staged;

use crate::checks;
use crate::dice::Dice;
use crate::entry;
use crate::files::{Image, Template, wal_length};
use crate::server::Server;
use crate::shop::{Promise, Promised, START, Shop};
use crate::till::Till;

/// Most machines with a till's file.
const TILLS_LIMIT: usize = 6;
/// Rounds after which machines that do not come to rest are a defect.
const ROUNDS_LIMIT: usize = 60;

/// A message on its way.
#[derive(Clone)]
enum Flight {
    PushUp(usize, PushRequest),
    PushDown(usize, PushReply),
    PullUp(usize, PullRequest),
    PullDown(usize, PullReply),
}

/// How unlucky a run is: so many of a thousand steps.
struct Luck {
    crash: u64,
    faults: u64,
    drop: u64,
    double: u64,
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
pub struct Run {
    dice: Dice,
    folder: PathBuf,
    shop: Shop,
    now: Instant,
    flights: Vec<Flight>,
    promised: Promised,
    backup: Option<Image>,
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
    };
    let page_rows = usize::try_from(dice.between(8, 120)).unwrap_or(60);
    let mut run = Run {
        dice,
        folder: folder.to_owned(),
        shop,
        now: START,
        flights: Vec::new(),
        promised: Promised::new(),
        backup: None,
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

impl Run {
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

    fn till(&mut self, index: usize) -> &mut Till {
        &mut self.shop.tills[index].0
    }

    /// Lets a till work, or go down while it does: before it commits, after it, or so that the end of its log is lost.
    fn at_till<T>(&mut self, index: usize, work: impl FnOnce(&mut Till) -> Result<T>) -> Result<Option<T>> {
        if self.is_quiet || self.dice.roll(1000) >= self.luck.crash {
            return work(self.till(index)).map(Some);
        }
        self.tally.crashes += 1;
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

    /// Lets the server work, or go down while it does.
    fn at_server<T>(&mut self, work: impl FnOnce(&mut Server) -> Result<T>) -> Result<Option<T>> {
        if self.is_quiet || self.dice.roll(1000) >= self.luck.crash {
            return work(&mut self.shop.server).map(Some);
        }
        self.tally.crashes += 1;
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
        let Some((command, sale)) = entry::at_till(&mut self.dice, till.connection(), place)? else { return Ok(()) };
        let id = CommandId(self.dice.id());
        let promise = if command.nature() == Nature::Fact { Promise::Fact } else { Promise::Request };
        let now = self.now;
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
            self.till(index).history.insert(id, sale);
            self.tally.commands += 1;
        }
        Ok(())
    }

    fn office_enters(&mut self) -> Result<()> {
        let (dice, file, office) = (&mut self.dice, self.shop.server.connection(), &self.shop.office);
        let entered = if dice.percent(30) { entry::at_till(dice, file, office)? } else { entry::anywhere(dice, file, office)? };
        let Some((command, _)) = entered else { return Ok(()) };
        let (id, now) = (CommandId(self.dice.id()), self.now);
        self.at_server(|server| server.submit(id, command, now))?;
        Ok(())
    }

    fn starts_push(&mut self, index: usize) -> Result<()> {
        let most = self.dice.between(1, 8);
        let now = self.now;
        let till = self.till(index);
        let (copy, entries) = till.look(most)?;
        if let Some(request) = push_request(&copy, &entries, till.device, "simulated", now) {
            self.flights.push(Flight::PushUp(index, request));
        }
        Ok(())
    }

    fn pull_request(&mut self, index: usize, wants_sums: bool) -> Result<PullRequest> {
        let till = self.till(index);
        let (copy, _) = till.look(0)?;
        Ok(till.stage.request(&copy, till.device, feed::schema(), wants_sums))
    }

    fn starts_pull(&mut self, index: usize) -> Result<()> {
        let wants_sums = self.dice.percent(30);
        let request = self.pull_request(index, wants_sums)?;
        self.flights.push(Flight::PullUp(index, request));
        Ok(())
    }

    /// Any message arrives: the network keeps no order, forgets and repeats.
    fn delivers(&mut self) -> Result<()> {
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

    fn arrives(&mut self, flight: Flight) -> Result<Option<Flight>> {
        let now = self.now;
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
                Ok(Some(Flight::PullDown(index, reply)))
            }
            Flight::PullDown(index, reply) => self.pulled(index, reply),
        }
    }

    fn pulled(&mut self, index: usize, mut reply: PullReply) -> Result<Option<Flight>> {
        if !Rule::OneSnapshot.holds()
            && let PullReply::Page(page) = &mut reply
            && page.complete
        {
            page.acks = self.shop.server.acks_now(page.echo.replica, page.echo.acked)?;
        }
        match self.till(index).stage.take(reply)? {
            Staged::Ignored => Ok(None),
            Staged::More => Ok(Some(Flight::PullUp(index, self.pull_request(index, true)?))),
            Staged::Reset { epoch, echo } => {
                let fresh = self.dice.id();
                self.at_till(index, |till| till.reset(epoch, echo, fresh))?;
                Ok(None)
            }
            Staged::Upgrade | Staged::Wait => bail!("nobody is older here"),
            Staged::Ready(batch) => {
                let now = self.now;
                if let Some(applied) = self.at_till(index, |till| till.apply(batch, now))? {
                    self.applied(index, &applied.map_err(|reject| anyhow::anyhow!("apply: {reject}"))?)?;
                }
                Ok(None)
            }
        }
    }

    /// What must hold whenever an answer was applied.
    fn applied(&mut self, index: usize, applied: &Applied) -> Result<()> {
        let Applied::Done { mismatched, .. } = applied else { return Ok(()) };
        self.tally.applied += 1;
        ensure!(mismatched.is_empty(), "till {index}: with nothing pending it is not what the server has: {mismatched:?}");
        if self.dice.percent(40) {
            self.own_writes(index)?;
        }
        if self.dice.percent(4) {
            self.verify_till(index)?;
        }
        Ok(())
    }

    fn own_writes(&self, index: usize) -> Result<()> {
        let missing = self.shop.tills[index].0.missing_sales()?;
        ensure!(missing.is_empty(), "till {index} does not show what was sold on it: {missing:?}");
        Ok(())
    }

    fn verify_till(&self, index: usize) -> Result<()> {
        let till = &self.shop.tills[index].0;
        let differences = verify::check_file(till.connection(), till.company)?;
        ensure!(differences.is_empty(), "till {index}: {:?}", differences.first());
        Ok(())
    }

    fn fault(&mut self) -> Result<()> {
        let index = self.dice.index(self.shop.tills.len());
        match self.dice.roll(24) {
            0..2 => self.copies_disk(index),
            2..5 => {
                let till = self.till(index);
                let image = (till.image()?, till.history.clone());
                till.images.push(image);
                Ok(())
            }
            5..7 => self.restores_till(index),
            7..9 => {
                self.backup = Some(self.shop.server.image()?);
                let head = self.shop.server.head()?;
                if self.dice.percent(70) {
                    self.shop.server.care(Upkeep::Stable(head))?;
                }
                Ok(())
            }
            9..11 => self.restores_server(),
            11..14 => self.grants(index),
            14..16 => {
                let head = self.shop.server.head()?;
                let upto = if self.dice.percent(60) { head } else { self.dice.between(head / 2, head) };
                self.shop.server.care(Upkeep::DropTombstones(upto)).map(|_| ())
            }
            16..18 => {
                let (till, place) = self.shop.tills.remove(index);
                self.shop.tills.insert(index, (till.upgrade()?, place));
                self.own_writes_after_start(index)
            }
            18..20 => {
                let years = self.dice.between(-3, 3);
                self.till(index).clock_off = years * 365 * 24 * 3_600_000;
                Ok(())
            }
            20..22 => self.strange_command(index),
            _ => self.moves_a_cart(index),
        }
    }

    /// The first thing after a start looks at the mark; then the own sales are there.
    fn own_writes_after_start(&mut self, index: usize) -> Result<()> {
        self.till(index).look(0)?;
        self.own_writes(index)
    }

    fn copies_disk(&mut self, index: usize) -> Result<()> {
        if self.shop.tills.len() >= TILLS_LIMIT {
            return Ok(());
        }
        self.tally.disks += 1;
        let path = self.folder.join(format!("copy{}.kontor", self.tally.disks));
        let (till, place) = &self.shop.tills[index];
        let copy = (till.copied(&path)?, *place);
        self.shop.tills.push(copy);
        Ok(())
    }

    fn restores_till(&mut self, index: usize) -> Result<()> {
        let images = self.till(index).images.len();
        if images == 0 {
            return Ok(());
        }
        self.tally.disks += 1;
        let at = self.dice.index(images);
        let (mut till, place) = self.shop.tills.remove(index);
        let (image, history) = till.images[at].clone();
        let before = std::mem::replace(&mut till.history, history);
        self.shop.tills.insert(index, (till.with_disk(&image)?, place));
        // What was only on the lost disk is lost; nobody can promise more.
        self.forget_lost(before.into_keys().collect())
    }

    fn restores_server(&mut self) -> Result<()> {
        let Some(image) = self.backup.clone() else { return Ok(()) };
        self.tally.disks += 1;
        let epoch = if self.dice.percent(50) { Some(self.dice.id()) } else { None };
        self.shop.server.restore(&image, epoch)?;
        self.forget_lost(self.promised.keys().copied().collect())
    }

    fn forget_lost(&mut self, ids: Vec<CommandId>) -> Result<()> {
        for id in ids {
            let is_on_a_till = self.shop.tills.iter().any(|(till, _)| till.history.contains_key(&id));
            if !is_on_a_till && self.shop.server.verdict_of(id)?.is_none() {
                self.promised.remove(&id);
            }
        }
        Ok(())
    }

    fn grants(&mut self, index: usize) -> Result<()> {
        let (device, own) = (self.shop.tills[index].1.device, self.shop.tills[index].1.warehouse);
        let others = self.shop.tills.iter().map(|(_, place)| place.warehouse).chain([self.shop.office.warehouse]);
        let mut scopes: Vec<_> =
            others.filter(|warehouse| *warehouse != own).map(|warehouse| kontor_domain::world::Scope::of_id(warehouse.0)).collect();
        scopes.push(kontor_domain::world::Scope::OFFICE);
        let Some(scope) = self.dice.pick(&scopes).copied() else { return Ok(()) };
        let upkeep = if self.dice.percent(55) { Upkeep::Grant(device, scope) } else { Upkeep::Revoke(device, scope) };
        self.shop.server.care(upkeep).map(|_| ())
    }

    /// What no program of today would write: malformed, not even JSON, or of an old version.
    fn strange_command(&mut self, index: usize) -> Result<()> {
        let id = CommandId(self.dice.id());
        let (person, device) = (self.shop.server.owner, self.shop.tills[index].1.device);
        let common = |name: &str, version: u32, args: serde_json::Value, at: Instant| {
            serde_json::json!({ "name": name, "version": version, "args": args, "number": null, "at": at, "actor": person, "device": device })
                .to_string()
        };
        let (text, promise) = match self.dice.roll(4) {
            0 => ("no json at all".to_owned(), Promise::Poison),
            1 => (common("counter.sell", 1, serde_json::json!({ "counter": { "sell": { "lines": "many" } } }), self.now), Promise::Poison),
            2 => (common("moon.land", 1, serde_json::json!({ "moon": "land" }), self.now), Promise::Poison),
            _ => {
                let open = serde_json::json!({ "counter": { "open_drawer": { "shift_id": self.dice.id() } } });
                (common("counter.open_drawer", 0, open, self.now), Promise::Fact)
            }
        };
        let till = self.till(index);
        let seq: i64 = till.connection().query_row("UPDATE sync_meta SET next_seq = next_seq + 1 RETURNING next_seq - 1", [], |row| row.get(0))?;
        till.connection().execute("INSERT INTO outbox (seq, id, envelope) VALUES (?1, ?2, ?3)", (seq, id.0.as_bytes(), text))?;
        till.history.insert(id, None);
        self.promised.insert(id, promise);
        Ok(())
    }

    /// The authority gives a parked cart to another till.
    fn moves_a_cart(&mut self, index: usize) -> Result<()> {
        let company = self.shop.server.company;
        let carts: Vec<ParkedCart> =
            kontor_store::sqlite::find_rows(self.shop.server.connection(), "company = ?1", &[kontor_domain::cell::Value::Id(company.0)])?;
        let Some(key) = self.dice.pick(&carts).map(kontor_domain::world::Row::key) else { return Ok(()) };
        let scope = kontor_domain::world::Scope::of_id(self.shop.tills[index].1.device.0);
        let (id, now) = (CommandId(self.dice.id()), self.now);
        self.at_server(|server| {
            server.job(|answer| {
                let key = key.clone();
                let work = Box::new(move |world: &mut kontor_domain::world::World| {
                    if let Some(row) = world.find::<ParkedCart>(&key)? {
                        world.rescope(row, scope);
                    }
                    Ok(())
                });
                kontor_sync::authority::Job { id, company, name: "simulated.move_cart".into(), now, work, answer }
            })
        })?;
        Ok(())
    }

    /// Everything is said until nobody has anything to say.
    fn rest(&mut self) -> Result<()> {
        self.is_quiet = true;
        self.flights.clear();
        for _ in 0..ROUNDS_LIMIT {
            let mut is_at_rest = true;
            for index in 0..self.shop.tills.len() {
                is_at_rest &= !self.push_all(index)?;
                is_at_rest &= !self.pull_all(index, false)?;
            }
            if is_at_rest {
                return Ok(());
            }
        }
        bail!("no rest after {ROUNDS_LIMIT} rounds")
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
    fn pull_all(&mut self, index: usize, wants_sums: bool) -> Result<bool> {
        let before = self.till(index).look(1)?;
        let request = self.pull_request(index, wants_sums)?;
        let mut flight = Some(Flight::PullUp(index, request));
        for _ in 0..10_000 {
            let Some(next) = flight.take() else { break };
            flight = self.arrives(next)?;
        }
        ensure!(flight.is_none(), "a pull without end");
        Ok(self.till(index).look(1)? != before)
    }

    fn agree(&mut self) -> Result<()> {
        for index in 0..self.shop.tills.len() {
            self.pull_all(index, true)?;
            self.own_writes(index)?;
        }
        // The others hold the same rows, as their sums say, and those are the server's.
        let any = self.dice.index(self.shop.tills.len());
        self.verify_till(any)?;
        checks::promises(&self.shop.server, &self.promised)?;
        checks::server(&self.shop.server)?;
        for (till, _) in &mut self.shop.tills {
            checks::till(till)?;
        }
        Ok(())
    }
}
