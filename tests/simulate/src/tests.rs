//! Single scenes, played out step by step.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod commands;
mod disks;
mod history;
mod upgrades;

use kontor_domain::catalog::{self, Product, ProductChanges};
use kontor_domain::cell::Value;
use kontor_domain::command::Command;
use kontor_domain::counter::{self, CloseShift, MoveCash, OpenShift};
use kontor_domain::ids::{CashMovementId, CommandId, ShiftId};
use kontor_domain::time::Instant;
use kontor_domain::units::Money;
use kontor_store::feed;
use kontor_store::sqlite::find_rows;
use kontor_sync::message::{PushAnswer, PushRequest};
use kontor_sync::replica::{Applied, push_request};
use kontor_sync::stage::Staged;

use crate::dice::Dice;
use crate::entry;
use crate::files::Template;
use crate::shop::{START, Shop};

struct Scene {
    dice: Dice,
    shop: Shop,
    shift: ShiftId,
    /// The time, everywhere.
    now: Instant,
    /// Removed with the scene.
    _folder: tempfile::TempDir,
}

impl Scene {
    /// A till that has pulled and opened its shift.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut dice = Dice::new(7);
        let shop = Shop::found(&mut dice, &Template::make().unwrap(), folder.path()).unwrap();
        let shift = ShiftId(uuid::Uuid::nil());
        let mut scene = Self { dice, shop, shift, now: START, _folder: folder };
        scene.pull(0);
        scene.shift = scene.open(0);
        scene
    }

    fn enter(&mut self, till: usize, command: Command) -> CommandId {
        let id = CommandId(self.dice.id());
        self.shop.tills[till].0.submit(id, command, self.now).unwrap().unwrap();
        id
    }

    fn cash(&mut self, till: usize, reason: &str) -> CommandId {
        let cash = MoveCash { movement_id: CashMovementId(self.dice.id()), shift_id: self.shift, amount: Money(5), reason: reason.into() };
        self.enter(till, Command::Counter(counter::Command::CashIn(cash)))
    }

    fn open(&mut self, till: usize) -> ShiftId {
        let place = self.shop.tills[till].1;
        let shift_id = ShiftId(self.dice.id());
        let open = OpenShift { shift_id, till_id: place.till, business_date: place.today, float: Money(0) };
        self.enter(till, Command::Counter(counter::Command::OpenShift(open)));
        shift_id
    }

    fn close(&mut self, till: usize, shift_id: ShiftId) -> CommandId {
        let close = CloseShift { shift_id, denominations: Vec::new(), counted: Money(0) };
        self.enter(till, Command::Counter(counter::Command::CloseShift(close)))
    }

    /// The disk of a till in another machine; its place among the tills.
    fn copy_of(&mut self, till: usize) -> usize {
        let path = self.shop.tills[till].0.path().with_extension("copy");
        let copy = (self.shop.tills[till].0.copied(&path).unwrap(), self.shop.tills[till].1);
        self.shop.tills.push(copy);
        self.shop.tills.len() - 1
    }

    fn request(&mut self, till: usize) -> Option<PushRequest> {
        let till = &mut self.shop.tills[till].0;
        let (copy, entries) = till.look(200).unwrap();
        push_request(&copy, &entries, till.device, "scene", self.now)
    }

    fn push(&mut self, till: usize) -> PushAnswer {
        let request = self.request(till).unwrap();
        let reply = self.shop.server.push(request, self.now).unwrap().unwrap();
        let fresh = self.dice.id();
        self.shop.tills[till].0.pushed(reply.clone(), fresh).unwrap().unwrap();
        reply.answer
    }

    fn pull(&mut self, till: usize) -> Applied {
        let Self { dice, shop: Shop { server, tills, .. }, now, .. } = self;
        let till = &mut tills[till].0;
        loop {
            let (copy, _) = till.look(0).unwrap();
            let mut request = till.stage.request(&copy, till.device, feed::schema(), true);
            till.program.sign(&mut request);
            match till.stage.take(server.pull(&request, *now, 50).unwrap()).unwrap() {
                Staged::More => {}
                Staged::Ready(batch) => return till.apply(batch, *now).unwrap().unwrap(),
                Staged::Reset { epoch, echo } => {
                    let fresh = dice.id();
                    till.reset(epoch, echo, fresh).unwrap().unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Pushes and pulls until nothing is left to say.
    fn sync(&mut self, till: usize) {
        for _ in 0..20 {
            if self.request(till).is_none() {
                break;
            }
            self.push(till);
            self.pull(till);
        }
        self.pull(till);
        assert_eq!(self.request(till), None);
        crate::checks::till(&self.shop.tills[till].0, &self.shop.server).unwrap();
    }

    /// A product that the office made and the till holds.
    fn product(&mut self) -> Product {
        let (company, office) = (self.shop.server.company, self.shop.office);
        loop {
            if let Some(product) = find_rows(self.shop.server.connection(), "company = ?1", &[Value::Id(company.0)]).unwrap().into_iter().next() {
                return product;
            }
            if let Some(command) = entry::anywhere(&mut self.dice, self.shop.server.connection(), &office).unwrap() {
                self.at_office(command);
            }
        }
    }

    fn at_office(&mut self, command: Command) {
        let id = CommandId(self.dice.id());
        self.shop.server.submit(id, command, self.now).unwrap().unwrap();
    }

    fn edit(changes: ProductChanges) -> Command {
        Command::Catalog(catalog::Command::EditProduct(Box::new(changes)))
    }

    /// One figure of a till's file.
    fn count(&self, till: usize, sql: &str) -> i64 {
        self.shop.tills[till].0.connection().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn verdict(&self, id: CommandId) -> Option<String> {
        self.shop.server.verdict_of(id).unwrap()
    }
}
