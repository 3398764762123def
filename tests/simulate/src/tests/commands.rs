//! What becomes of commands, good and bad.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use kontor_domain::catalog::ProductChanges;
use kontor_domain::command::Command;
use kontor_domain::counter::{self, OpenDrawer};
use kontor_domain::ids::{CommandId, ShiftId};
use kontor_domain::reject::Code;
use kontor_domain::verify::VerifyRule;
use kontor_store::agent::Status;
use kontor_store::verify;
use kontor_sync::authority::Job;
use kontor_sync::message::PushAnswer;
use kontor_sync::replica::Applied;
use rusqlite::Connection;

use super::Scene;
use crate::dice::Dice;
use crate::entry::{self, Place};
use crate::shop::START;

/// The place of the bad one: neither first nor last of its push.
const POISON: usize = 503;

#[test]
fn one_poisoned_command_is_parked_and_a_thousand_good_ones_arrive() {
    let mut scene = Scene::new();
    let sql = "CREATE TRIGGER poison BEFORE INSERT ON cash_movement WHEN NEW.reason = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END";
    scene.shop.server.connection().execute(sql, []).unwrap();
    let ids: Vec<CommandId> = (0..1_001).map(|number| scene.cash(0, if number == POISON { "poison" } else { "change" })).collect();
    let mut acked = 0;
    while scene.request(0).is_some() {
        assert_eq!(scene.push(0), PushAnswer::Ok);
        let Applied::Done { acked: some, mismatched, .. } = scene.pull(0) else { panic!("nothing came") };
        assert_eq!(mismatched, Vec::new());
        acked += some;
    }
    // With the opening of the shift.
    assert_eq!(acked, 1_002);
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(scene.verdict(*id).as_deref(), Some(if number == POISON { Status::Parked.word() } else { Status::Ok.word() }), "{number}");
    }
    crate::checks::server(&scene.shop.server).unwrap();
}

/// A foreign key is looked at when the transaction ends: all that was pushed with the bad one is in it.
#[test]
fn a_part_without_its_document_is_parked_alone() {
    let mut scene = Scene::new();
    let sql = "CREATE TRIGGER orphan AFTER INSERT ON cash_movement WHEN NEW.reason = 'orphan' BEGIN
        INSERT INTO sale_tender (company, sale_id, ordinal, kind, amount, given, reference, rev, scope)
        VALUES (NEW.company, NEW.id, 0, 'cash', 5, 5, '', NEW.rev, NEW.scope); END";
    scene.shop.server.connection().execute(sql, []).unwrap();
    let ids = ["change", "orphan", "change"].map(|reason| scene.cash(0, reason));
    assert_eq!(scene.push(0), PushAnswer::Ok);
    assert_eq!(ids.map(|id| scene.verdict(id).unwrap_or_default()), ["ok", "parked", "ok"]);
    let tenders = "SELECT COUNT(*) FROM sale_tender";
    assert_eq!(scene.shop.server.connection().query_row(tenders, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    crate::checks::server(&scene.shop.server).unwrap();
    scene.pull(0);
    assert_eq!(scene.request(0), None);
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

#[test]
fn a_panic_is_parked_and_what_came_with_it_arrives() {
    let mut scene = Scene::new();
    let (before, drawer) = (scene.cash(0, "change"), OpenDrawer { shift_id: scene.shift, reason: "look".into() });
    let drawer = scene.enter(0, Command::Counter(counter::Command::OpenDrawer(drawer)));
    let after = scene.cash(0, "change");
    scene.sync(0);
    // A figure that no rule of ours writes: one more drawer is more than can be counted, and counting panics.
    let damage = "UPDATE shift_total SET count = 9223372036854775807 WHERE kind = 'drawer_opened'";
    assert_eq!(scene.shop.server.connection().execute(damage, []).unwrap(), 1);
    scene.shop.server.restart().unwrap();
    let ids = [
        scene.cash(0, "change"),
        scene.enter(0, Command::Counter(counter::Command::OpenDrawer(OpenDrawer { shift_id: scene.shift, reason: "".into() }))),
        scene.cash(0, "change"),
    ];
    assert_eq!(scene.push(0), PushAnswer::Ok);
    let verdicts = ids.map(|id| scene.verdict(id));
    assert_eq!(verdicts.map(Option::unwrap_or_default), ["ok", "parked", "ok"]);
    for id in [before, drawer, after] {
        assert_eq!(scene.verdict(id).as_deref(), Some("ok"));
    }
    scene.pull(0);
    assert_eq!(scene.request(0), None);
    let told = "SELECT COUNT(*) FROM attention WHERE kind = 'parked' AND about_id = ?1";
    assert_eq!(scene.shop.server.connection().query_row(told, [ids[1].0.as_bytes()], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn a_job_that_panics_is_answered_and_the_next_one_runs() {
    let mut scene = Scene::new();
    let company = scene.shop.server.company;
    for (number, is_good) in [(1, false), (2, true)] {
        let id = CommandId(uuid::Uuid::from_u128(number));
        let answered = scene.shop.server.job(|answer| {
            let work = Box::new(move |_: &mut kontor_domain::world::World| if is_good { Ok(()) } else { panic!("a defect") });
            Job { id, company, name: "scene.job".into(), now: START, work, answer }
        });
        assert_eq!(answered.unwrap().map_err(|reject| reject.code), if is_good { Ok(()) } else { Err(Code::Internal) });
    }
}

/// The memory of the till had such a row without a place, and the image for the next undo was taken from there.
#[test]
fn what_is_changed_and_changed_back_stays_at_its_place_in_the_order() {
    let mut scene = Scene::new();
    let product = scene.product();
    scene.sync(0);
    let edit = |adds: bool| {
        let mut changes = ProductChanges::of(product.id);
        let tags = if adds { &mut changes.tags_added } else { &mut changes.tags_removed };
        tags.push("new".into());
        Scene::edit(changes)
    };
    for _ in 0..2 {
        scene.enter(0, edit(false));
        scene.enter(0, edit(true));
        scene.pull(0);
    }
    scene.sync(0);
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM product_tag WHERE rev > 0"), 1);
}

/// What does something in a shift, if there is something to do it with.
type Entry = fn(&mut Dice, &Connection, &Place, ShiftId) -> anyhow::Result<Option<Command>>;

fn does(scene: &mut Scene, entry: Entry) -> CommandId {
    loop {
        let (till, place) = &scene.shop.tills[0];
        if let Some(command) = entry(&mut scene.dice, till.connection(), place, scene.shift).unwrap() {
            return scene.enter(0, command);
        }
    }
}

/// It was kept aside, and the money that was given back was in no drawer's figures.
#[test]
fn a_refund_stands_where_nobody_has_its_sale_any_more() {
    let mut scene = Scene::new();
    scene.product();
    scene.sync(0);
    let backup = scene.shop.server.image().unwrap();
    let sale = does(&mut scene, entry::sell);
    scene.sync(0);
    let refund = does(&mut scene, entry::refund);
    // The server lost the sale, and the till what it would have healed it with.
    scene.shop.tills[0].0.connection().execute("DELETE FROM journal WHERE id = ?1", [sale.0.as_bytes()]).unwrap();
    scene.shop.server.restore(&backup, None).unwrap();
    scene.pull(0);
    scene.sync(0);
    assert_eq!((scene.verdict(sale), scene.verdict(refund).as_deref()), (None, Some("ok")));
    let told = "SELECT COUNT(*) FROM attention WHERE kind = 'rule_broken' AND args LIKE '%\"code\":\"13001\"%'";
    assert_eq!(scene.count(0, told), 1);
    // The one difference is the number of the sale that is lost.
    let differences = verify::check_file(scene.shop.server.connection(), scene.shop.server.company).unwrap();
    assert_eq!(differences.iter().map(|difference| difference.rule).collect::<Vec<_>>(), [VerifyRule::ReceiptNumbers]);
}
