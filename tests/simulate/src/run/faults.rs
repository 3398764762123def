//! Bad luck.

use anyhow::Result;
use kontor_domain::cell::Value;
use kontor_domain::counter::ParkedCart;
use kontor_domain::ids::CommandId;
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::world::{Row as _, Scope, World};
use kontor_store::sqlite::find_rows;
use kontor_sync::authority::{Job, Upkeep};

use super::Run;
use crate::shop::{Promise, next_day};
use crate::till::Program;

/// Most machines with a till's file.
const TILLS_LIMIT: usize = 6;
const DAY_MS: i64 = 24 * 3_600_000;

impl Run {
    pub(super) fn fault(&mut self) -> Result<()> {
        let index = self.dice.index(self.shop.tills.len());
        match self.dice.roll(30) {
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
        self.at_server(|server| server.forget_history(id, kept_from, now))?;
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
