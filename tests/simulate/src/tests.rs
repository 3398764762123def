//! Single scenes, played out step by step.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use kontor_domain::command::Command;
use kontor_domain::counter::{self, MoveCash, OpenShift};
use kontor_domain::ids::{CashMovementId, CommandId, ShiftId};
use kontor_domain::units::Money;
use kontor_store::agent::Status;
use kontor_store::feed;
use kontor_sync::message::{PushAnswer, PushRequest};
use kontor_sync::replica::{Applied, push_request};
use kontor_sync::stage::Staged;

use crate::dice::Dice;
use crate::files::Template;
use crate::shop::{START, Shop};

struct Scene {
    dice: Dice,
    shop: Shop,
    shift: ShiftId,
    /// Removed with the scene.
    _folder: tempfile::TempDir,
}

impl Scene {
    /// A till that has pulled and opened its shift.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut dice = Dice::new(7);
        let shop = Shop::found(&mut dice, &Template::make().unwrap(), folder.path()).unwrap();
        let shift = ShiftId(dice.id());
        let mut scene = Self { dice, shop, shift, _folder: folder };
        scene.pull(0);
        let place = scene.shop.tills[0].1;
        let open = OpenShift { shift_id: shift, till_id: place.till, business_date: place.today, float: Money(0) };
        scene.enter(0, Command::Counter(counter::Command::OpenShift(open)));
        scene
    }

    fn enter(&mut self, till: usize, command: Command) -> CommandId {
        let id = CommandId(self.dice.id());
        self.shop.tills[till].0.submit(id, command, START).unwrap().unwrap();
        id
    }

    fn cash(&mut self, till: usize, reason: &str) -> CommandId {
        let cash = MoveCash { movement_id: CashMovementId(self.dice.id()), shift_id: self.shift, amount: Money(5), reason: reason.into() };
        self.enter(till, Command::Counter(counter::Command::CashIn(cash)))
    }

    fn request(&mut self, till: usize) -> Option<PushRequest> {
        let till = &mut self.shop.tills[till].0;
        let (copy, entries) = till.look(200).unwrap();
        push_request(&copy, &entries, till.device, "scene", START)
    }

    fn push(&mut self, till: usize) -> PushAnswer {
        let request = self.request(till).unwrap();
        let reply = self.shop.server.push(request, START).unwrap().unwrap();
        let fresh = self.dice.id();
        self.shop.tills[till].0.pushed(reply.clone(), fresh).unwrap().unwrap();
        reply.answer
    }

    fn pull(&mut self, till: usize) -> Applied {
        let Self { shop: Shop { server, tills, .. }, .. } = self;
        let till = &mut tills[till].0;
        loop {
            let (copy, _) = till.look(0).unwrap();
            let request = till.stage.request(&copy, till.device, feed::schema(), true);
            match till.stage.take(server.pull(&request, START, 50).unwrap()).unwrap() {
                Staged::More => {}
                Staged::Ready(batch) => return till.apply(batch, START).unwrap().unwrap(),
                other => panic!("{other:?}"),
            }
        }
    }

    fn verdict(&self, id: CommandId) -> Option<String> {
        self.shop.server.verdict_of(id).unwrap()
    }
}

#[test]
fn one_command_that_breaks_a_constraint_is_parked_and_the_others_arrive() {
    let mut scene = Scene::new();
    let sql = "CREATE TRIGGER poison BEFORE INSERT ON cash_movement WHEN NEW.reason = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END";
    scene.shop.server.connection().execute(sql, []).unwrap();
    let ids: Vec<CommandId> = (0..6).map(|number| scene.cash(0, if number == 3 { "poison" } else { "change" })).collect();
    assert_eq!(scene.push(0), PushAnswer::Ok);
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(scene.verdict(*id).as_deref(), Some(if number == 3 { Status::Parked.word() } else { Status::Ok.word() }), "{number}");
    }
    let Applied::Done { acked, replayed, mismatched, .. } = scene.pull(0) else { panic!("nothing came") };
    assert_eq!((acked, replayed, mismatched), (7, 0, Vec::new()));
    assert_eq!(scene.request(0), None);
    crate::checks::server(&scene.shop.server).unwrap();
}

#[test]
fn a_command_of_a_newer_program_waits_and_what_came_before_it_arrives() {
    let mut scene = Scene::new();
    let first = scene.cash(0, "change");
    let second = scene.cash(0, "change");
    let sql = "UPDATE outbox SET envelope = replace(envelope, '\"version\":1', '\"version\":99') WHERE id = ?1";
    assert_eq!(scene.shop.tills[0].0.connection().execute(sql, [second.0.as_bytes()]).unwrap(), 1);
    assert_eq!(scene.push(0), PushAnswer::Upgrade { last: 2 });
    assert_eq!((scene.verdict(first).as_deref(), scene.verdict(second)), (Some("ok"), None));
    scene.pull(0);
    assert_eq!(scene.request(0).unwrap().commands.len(), 1);
}

#[test]
fn two_files_of_one_till_both_keep_what_was_sold_on_them() {
    let mut scene = Scene::new();
    assert_eq!(scene.push(0), PushAnswer::Ok);
    scene.pull(0);
    let path = scene.shop.tills[0].0.path().with_extension("copy");
    let copy = (scene.shop.tills[0].0.copied(&path).unwrap(), scene.shop.tills[0].1);
    scene.shop.tills.push(copy);
    let last = scene.shop.tills.len() - 1;
    let (here, there) = (scene.cash(0, "here"), scene.cash(last, "there"));
    assert_eq!(scene.push(0), PushAnswer::Ok);
    assert!(matches!(scene.push(last), PushAnswer::Fork { .. }));
    assert_eq!(scene.push(last), PushAnswer::Ok);
    for id in [here, there] {
        assert_eq!(scene.verdict(id).as_deref(), Some("ok"));
    }
    scene.pull(0);
    scene.pull(last);
    assert_eq!((scene.request(0), scene.request(last)), (None, None));
}

#[test]
fn a_push_that_comes_twice_is_done_once() {
    let mut scene = Scene::new();
    scene.cash(0, "change");
    let request = scene.request(0).unwrap();
    let head = |scene: &Scene| scene.shop.server.head().unwrap();
    let before = head(&scene);
    for _ in 0..3 {
        assert_eq!(scene.shop.server.push(request.clone(), START).unwrap().unwrap().answer, PushAnswer::Ok);
    }
    assert_eq!(head(&scene), before + 2);
}
