//! Bad luck.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::Result;
use kontor_domain::cell::{Cell as _, Value};
use kontor_domain::command::{COMMAND_VERSION, Rights};
use kontor_domain::counter::{ParkedCart, Till};
use kontor_domain::ids::{CommandId, DeviceId, TillId};
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::world::{Row as _, Scope, World};
use kontor_store::copy::Meta;
use kontor_store::sqlite::find_rows;
use kontor_sync::authority::{Job, Upkeep};
use kontor_sync::message::{COMMANDS_LIMIT, PushAnswer, PushReply, PushRequest, PushedCommand};

use super::Run;
use crate::entry::Place;
use crate::files;
use crate::shop::{Promise, add_till, next_day};
use crate::till::{Damage, Program};

/// Most machines with a till's file.
const TILLS_LIMIT: usize = 6;
const DAY_MS: i64 = 24 * 3_600_000;

impl Run<'_> {
    pub(super) fn fault(&mut self) -> Result<()> {
        let index = self.dice.index(self.shop.tills.len());
        let kind = if self.luck.restores { 2 + self.dice.roll(9) } else { self.dice.roll(40) };
        match kind {
            0..2 => self.copies_disk(index),
            28..30 => self.till(index).damage(),
            30..32 => self.changes_rights(),
            32..34 => self.shuts_out(index),
            34 => self.makes_a_ready_file(),
            35..38 => self.joins_from_a_file(index),
            2..5 => {
                let till = self.till(index);
                if till.damage == Damage::Now {
                    return Ok(());
                }
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
            16..18 => self.upgrades(index),
            18..20 => {
                let years = self.dice.between(-3, 3);
                self.till(index).clock_off = years * 365 * DAY_MS;
                Ok(())
            }
            20..22 => self.strange_command(index),
            22..24 => {
                // Not years: how long the journal is kept is the one thing that is measured with this clock.
                self.server_off = self.dice.between(-14, 14) * DAY_MS;
                Ok(())
            }
            24..26 => {
                // One side gets its new program before the other.
                self.till(index).program = if self.dice.percent(50) { Program::Older } else { Program::Newer };
                Ok(())
            }
            26..28 => self.moves_horizon(),
            _ => self.moves_a_cart(index),
        }
    }

    /// Another program version starts on a till's file. The first thing after a start looks at the mark; then what was
    /// entered is there.
    pub(super) fn upgrades(&mut self, index: usize) -> Result<()> {
        let has_another_shape = self.dice.percent(50);
        let (till, place) = self.shop.tills.remove(index);
        self.shop.tills.insert(index, (till.upgrade(has_another_shape)?, place));
        self.till(index).look(0)?;
        self.own_writes(index)
    }

    /// A night passes, and copies forget what is older than some day that documents are of, or than tomorrow.
    fn moves_horizon(&mut self) -> Result<()> {
        let mut days: Vec<BusinessDate> = self.shop.tills.iter().map(|(_, place)| place.today).collect();
        for (_, place) in &mut self.shop.tills {
            place.today = next_day(place.today);
        }
        days.extend(self.shop.tills.iter().map(|(_, place)| place.today));
        let Some(kept_from) = self.dice.pick(&days).copied() else { return Ok(()) };
        let (id, now) = (CommandId(self.dice.id()), self.server_now());
        let answered = self.at_server(|server| server.forget_history(id, kept_from, now))?;
        // Where the disk failed, the next night moves it.
        answered.transpose()?;
        Ok(())
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
        if till.damage == Damage::Now {
            till.damage = Damage::Mended;
        }
        self.shop.tills.insert(index, (till.with_disk(&image)?, place));
        // What was only on the lost disk is lost; nobody can promise more.
        self.forget_lost(before.into_keys().collect())
    }

    fn restores_server(&mut self) -> Result<()> {
        let Some(image) = self.backup.clone() else { return Ok(()) };
        self.tally.disks += 1;
        self.forget_refused()?;
        let epoch = if self.dice.percent(50) { Some(self.dice.id()) } else { None };
        self.shop.server.restore(&image, epoch)?;
        // Who joined since that backup is not known any more, and is made known again.
        for index in 0..self.shop.tills.len() {
            let place = self.shop.tills[index].1;
            let is_known = !find_rows::<Till>(self.shop.server.connection(), "id = ?1", &[place.till.to_value()])?.is_empty();
            if !is_known {
                self.adds_till(&place)?;
            }
        }
        self.forget_lost(self.promised.keys().copied().collect())
    }

    /// A request that was refused, and whose till knows it, is over: nobody sends it again to a server that forgot it.
    fn forget_refused(&mut self) -> Result<()> {
        for id in self.promised.keys().copied().collect::<Vec<_>>() {
            if self.shop.server.verdict_of(id)?.as_deref() != Some("refused") {
                continue;
            }
            let mut waits = false;
            for (till, _) in &self.shop.tills {
                waits |= till.waits(id)?;
            }
            if !waits {
                self.promised.remove(&id);
            }
        }
        Ok(())
    }

    /// The same where the answer was still on its way when the server's disk was exchanged: the till learns of it only now.
    pub(super) fn forget_learnt(&mut self, index: usize) -> Result<()> {
        let ids: Vec<CommandId> = self.shop.tills[index].0.history.keys().copied().collect();
        for id in ids {
            let till = &self.shop.tills[index].0;
            let is_over = self.promised.get(&id) == Some(&Promise::Request) && till.is_refused(id)? && !till.waits(id)?;
            if is_over && self.shop.server.verdict_of(id)?.is_none() {
                self.promised.remove(&id);
            }
        }
        Ok(())
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
        let mut scopes: Vec<_> = others.filter(|warehouse| *warehouse != own).map(|warehouse| Scope::of_id(warehouse.0)).collect();
        scopes.push(Scope::OFFICE);
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
        let (text, promise) = match self.dice.roll(5) {
            0 => ("no json at all".to_owned(), Promise::Poison),
            1 => (common("counter.sell", 1, serde_json::json!({ "counter": { "sell": { "lines": "many" } } }), self.now), Promise::Poison),
            2 => (common("moon.land", 1, serde_json::json!({ "moon": "land" }), self.now), Promise::Poison),
            kind => {
                let shift = self.dice.id();
                // An older program called things otherwise; a newer one waits for a server as new, and so does what comes
                // after it.
                let (version, open) = match kind {
                    3 => (0, serde_json::json!({ "shift": shift })),
                    _ => (COMMAND_VERSION + 1, serde_json::json!({ "shift_id": shift, "reason": "look" })),
                };
                let args = serde_json::json!({ "counter": { "open_drawer": open } });
                (common("counter.open_drawer", version, args, self.now), Promise::Fact)
            }
        };
        let till = self.till(index);
        let seq: i64 = till.connection().query_row("UPDATE sync_meta SET next_seq = next_seq + 1 RETURNING next_seq - 1", [], |row| row.get(0))?;
        till.connection().execute("INSERT INTO outbox (seq, id, envelope) VALUES (?1, ?2, ?3)", (seq, id.0.as_bytes(), text))?;
        till.history.insert(id, None);
        self.promised.insert(id, promise);
        Ok(())
    }

    /// What the person may do is changed, or nobody knows the person any more.
    fn changes_rights(&mut self) -> Result<()> {
        let owner = self.shop.server.owner;
        self.shop.server.rights = match self.dice.roll(3) {
            0 => BTreeMap::new(),
            1 => [(owner, Rights::Only(Default::default()))].into(),
            _ => [(owner, Rights::All)].into(),
        };
        Ok(())
    }

    /// A device's token is taken back, or it gets another; or what was kept aside of what it said is released.
    fn shuts_out(&mut self, index: usize) -> Result<()> {
        let device = self.shop.tills[index].1.device;
        if let Entry::Vacant(place) = self.shut_out.entry(device) {
            place.insert(Vec::new());
            return Ok(());
        }
        if self.dice.percent(50) {
            self.releases(device)?;
        }
        if self.dice.percent(60) {
            self.shut_out.remove(&device);
        }
        Ok(())
    }

    /// What a device says that was shut out is kept, and not done.
    pub(super) fn keeps_aside(&mut self, request: PushRequest) -> PushReply {
        let kept = self.shut_out.entry(request.device).or_default();
        for command in request.commands {
            if kept.iter().all(|known| known.id != command.id) {
                kept.push(command);
            }
        }
        PushReply { replica: request.replica, answer: PushAnswer::Ok }
    }

    /// Executes what was kept, as the server's command does it: under numbers of their own.
    fn releases(&mut self, device: DeviceId) -> Result<()> {
        let Some(kept) = self.shut_out.get_mut(&device).map(std::mem::take) else { return Ok(()) };
        let commands: Vec<PushedCommand> = (1..).zip(kept).map(|(seq, command)| PushedCommand { seq, ..command }).collect();
        for part in commands.chunks(COMMANDS_LIMIT) {
            let (replica, now) = (self.dice.id(), self.server_now());
            let numbered = (1..).zip(part).map(|(seq, command)| PushedCommand { seq, ..command.clone() }).collect();
            let request = PushRequest { epoch: None, replica, device, build: "released".into(), now, commands: numbered };
            // What a newer program entered is not taken in, and is still on the till.
            self.shop.server.push(request, now)?.map_err(|reject| anyhow::anyhow!("released: {reject}"))?;
        }
        Ok(())
    }

    /// Everybody is let in again. What was kept aside is released or forgotten: the tills have it, too.
    pub(super) fn lets_in_all(&mut self) -> Result<()> {
        let devices: Vec<DeviceId> = self.shut_out.keys().copied().collect();
        for device in devices {
            if self.dice.percent(50) {
                self.releases(device)?;
            }
            self.shut_out.remove(&device);
        }
        Ok(())
    }

    fn makes_a_ready_file(&mut self) -> Result<()> {
        self.tally.disks += 1;
        let path = self.folder.join(format!("ready{}.kontor", self.tally.disks));
        self.template.write(&path)?;
        let epoch = self.shop.server.ready_file(files::open(&path)?)?;
        self.ready = Some((path, epoch));
        Ok(())
    }

    fn adds_till(&mut self, place: &Place) -> Result<i64> {
        let known: Vec<Till> = find_rows(self.shop.server.connection(), "company = ?1", &[Value::Id(place.company.0)])?;
        let number = known.iter().map(|till| till.number).max().unwrap_or(0) + 1;
        add_till(&mut self.shop.server, self.dice.id(), place, number)
    }

    /// A till joins with the ready file, whatever happened to the server since that was made.
    fn joins_from_a_file(&mut self, index: usize) -> Result<()> {
        if self.shop.tills.len() >= TILLS_LIMIT {
            return Ok(());
        }
        let Some((path, epoch)) = self.ready.take() else { return Ok(()) };
        let place = Place { device: DeviceId(self.dice.id()), till: TillId(self.dice.id()), ..self.shop.tills[index].1 };
        let series = self.adds_till(&place)?;
        let meta = Meta::fresh(Some(epoch), self.dice.id(), series);
        let till = crate::till::Till::on_ready(&path, place.company, place.device, self.shop.server.owner, &meta)?;
        self.shop.tills.push((till, place));
        Ok(())
    }

    /// The authority gives a parked cart to another till.
    fn moves_a_cart(&mut self, index: usize) -> Result<()> {
        let company = self.shop.server.company;
        let carts: Vec<ParkedCart> = find_rows(self.shop.server.connection(), "company = ?1", &[Value::Id(company.0)])?;
        let Some(key) = self.dice.pick(&carts).map(ParkedCart::key) else { return Ok(()) };
        let scope = Scope::of_id(self.shop.tills[index].1.device.0);
        let (id, now) = (CommandId(self.dice.id()), self.server_now());
        self.at_server(|server| {
            server.job(|answer| {
                let key = key.clone();
                let work = Box::new(move |world: &mut World| {
                    if let Some(row) = world.find::<ParkedCart>(&key)? {
                        world.rescope(row, scope);
                    }
                    Ok(())
                });
                Job { id, company, name: "simulated.move_cart".into(), now, work, answer }
            })
        })?;
        Ok(())
    }
}
