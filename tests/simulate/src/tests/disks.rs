//! Disks that are copied and restored, clocks, long absence.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use kontor_domain::catalog::ProductChanges;
use kontor_domain::command::Edit;
use kontor_domain::ids::CommandId;
use kontor_domain::units::UnitPrice;
use kontor_domain::verify::VerifyRule;
use kontor_store::verify;
use kontor_sync::authority::Upkeep;
use kontor_sync::message::PushAnswer;
use kontor_sync::replica::Applied;

use super::Scene;
use crate::entry;
use crate::shop::START;

const DAY_MS: i64 = 24 * 3_600_000;
const YEAR_MS: i64 = 365 * DAY_MS;

#[test]
fn two_files_of_one_till_both_keep_what_was_sold_on_them() {
    let mut scene = Scene::new();
    assert_eq!(scene.push(0), PushAnswer::Ok);
    scene.pull(0);
    let last = scene.copy_of(0);
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

/// The number of the second count stood nowhere: a gap that nobody was told of.
#[test]
fn a_shift_counted_on_two_copies_leaves_no_number_that_cannot_be_found() {
    let mut scene = Scene::new();
    scene.close(0, scene.shift);
    let shift = scene.open(0);
    scene.shift = shift;
    assert_eq!(scene.push(0), PushAnswer::Ok);
    scene.pull(0);
    let copy = scene.copy_of(0);
    scene.cash(0, "here");
    assert_eq!(scene.push(0), PushAnswer::Ok);
    // The copy is told to be another, and counts in a series of its own; it is the first to count the shift.
    scene.cash(copy, "there");
    assert!(matches!(scene.push(copy), PushAnswer::Fork { .. }));
    scene.close(copy, shift);
    assert_eq!(scene.push(copy), PushAnswer::Ok);
    let second = scene.close(0, shift);
    let next = scene.open(0);
    scene.close(0, next);
    assert_eq!(scene.push(0), PushAnswer::Ok);
    assert_eq!(scene.verdict(second).as_deref(), Some("ok"));
    let told = "SELECT COUNT(*) FROM attention WHERE about_id = ?1 AND json_extract(args, '$.z_number') = '2'";
    assert_eq!(scene.shop.server.connection().query_row(told, [shift.0.as_bytes()], |row| row.get::<_, i64>(0)).unwrap(), 1);
    crate::checks::server(&scene.shop.server).unwrap();
    scene.pull(0);
    scene.pull(copy);
    crate::checks::till(&scene.shop.tills[copy].0, &scene.shop.server).unwrap();
}

#[test]
fn a_till_restored_from_last_week_finds_what_was_sold_on_it_since() {
    let mut scene = Scene::new();
    scene.cash(0, "before");
    scene.sync(0);
    let last_week = scene.shop.tills[0].0.image().unwrap();
    let lost = [scene.cash(0, "monday"), scene.cash(0, "tuesday")];
    scene.sync(0);
    let (till, place) = scene.shop.tills.remove(0);
    scene.shop.tills.insert(0, (till.with_disk(&last_week).unwrap(), place));
    // It does not know what it said since: it says something else under the same numbers.
    let new = scene.cash(0, "after");
    assert!(matches!(scene.push(0), PushAnswer::Fork { .. }));
    scene.sync(0);
    for id in lost.into_iter().chain([new]) {
        assert_eq!(scene.verdict(id).as_deref(), Some("ok"));
    }
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM cash_movement"), 4);
    crate::checks::server(&scene.shop.server).unwrap();
}

#[test]
fn clocks_that_are_years_apart_order_nothing() {
    let mut scene = Scene::new();
    let mut product = scene.product();
    scene.pull(0);
    scene.pull(1);
    for (till, years, price) in [(0, 5, 70), (1, -5, 30), (0, 5, 20)] {
        scene.shop.tills[till].0.clock_off = years * YEAR_MS;
        scene.pull(till);
        let mut changes = ProductChanges::of(product.id);
        let to = UnitPrice(UnitPrice::PER_MINOR_UNIT * price);
        changes.price = Some(Edit { from: product.price, to });
        product.price = to;
        let id = scene.enter(till, Scene::edit(changes));
        scene.sync(till);
        assert_eq!(scene.verdict(id).as_deref(), Some("ok"), "{years}");
    }
    scene.sync(1);
    // The last that was said stands everywhere, whatever the clocks say.
    for till in 0..2 {
        assert_eq!(scene.count(till, "SELECT price FROM product"), product.price.0);
    }
    crate::checks::server(&scene.shop.server).unwrap();
}

#[test]
fn a_till_that_was_away_for_ninety_days_starts_anew_and_keeps_what_it_sold() {
    let mut scene = Scene::new();
    let product = scene.product();
    let before = scene.cash(0, "before");
    scene.sync(0);
    let backup = scene.shop.server.image().unwrap();
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM product_tag"), 1);
    // No backup covers what was said: it is kept for 30 days, and not a day less.
    scene.now.0 += 29 * DAY_MS;
    scene.cash(0, "a month later");
    scene.sync(0);
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM journal"), 3);
    let gone = scene.now;
    let sold: Vec<CommandId> = (0..90)
        .map(|_| {
            scene.now.0 += DAY_MS;
            scene.cash(0, "a day alone")
        })
        .collect();
    let mut changes = ProductChanges::of(product.id);
    changes.tags_removed = vec!["new".into()];
    scene.at_office(Scene::edit(changes));
    let head = scene.shop.server.head().unwrap();
    scene.shop.server.care(Upkeep::DropTombstones(head)).unwrap();
    let (copy, _) = scene.shop.tills[0].0.look(0).unwrap();
    assert!(copy.cursors.values().all(|rev| *rev < head && *rev > 0), "{:?}", copy.cursors);
    scene.sync(0);
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM product_tag"), 0);
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM cash_movement"), 92);
    assert!(sold.iter().all(|id| scene.verdict(*id).as_deref() == Some("ok")));
    // Each stands on its own day, and what was said more than 30 days ago is no longer kept.
    let days = format!("SELECT COUNT(DISTINCT at) FROM command_log WHERE at > {} AND at <= {}", gone.0, scene.now.0);
    assert_eq!(scene.count(0, &days), 90);
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM journal"), 90);
    // A server that is put back to before all this is told of those 90 days again.
    scene.shop.server.restore(&backup, None).unwrap();
    scene.pull(0);
    scene.sync(0);
    assert!(sold.iter().chain([&before]).all(|id| scene.verdict(*id).as_deref() == Some("ok")));
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM cash_movement"), 91, "what nobody kept for longer is lost, and nothing else");
    crate::checks::server(&scene.shop.server).unwrap();
}

#[test]
fn what_no_backup_covers_heals_a_restored_server_and_what_one_covers_is_forgotten() {
    let mut scene = Scene::new();
    scene.sync(0);
    let backup = scene.shop.server.image().unwrap();
    let id = scene.cash(0, "after the backup");
    scene.sync(0);
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM journal"), 2);
    scene.shop.server.restore(&backup, None).unwrap();
    assert_eq!(scene.verdict(id), None);
    // The first pull notices that the history went back; then what the backup lacks goes up again.
    scene.pull(0);
    scene.sync(0);
    assert_eq!(scene.verdict(id).as_deref(), Some("ok"));
    let head = scene.shop.server.head().unwrap();
    scene.shop.server.care(Upkeep::Stable(head)).unwrap();
    scene.cash(0, "after that");
    scene.sync(0);
    // It may be an older backup that is brought back: for a week what a newer one covers is still there.
    scene.shop.server.restore(&backup, None).unwrap();
    scene.pull(0);
    scene.sync(0);
    assert_eq!(scene.verdict(id).as_deref(), Some("ok"));
    let head = scene.shop.server.head().unwrap();
    scene.shop.server.care(Upkeep::Stable(head)).unwrap();
    scene.now.0 += 8 * DAY_MS;
    scene.cash(0, "a week later");
    scene.sync(0);
    assert_eq!(scene.count(0, "SELECT COUNT(*) FROM journal"), 1);
}

#[test]
fn a_row_that_changed_behind_the_programs_back_is_noticed_and_its_scope_comes_again() {
    let mut scene = Scene::new();
    let product = scene.product();
    scene.sync(0);
    assert_eq!(scene.shop.tills[0].0.connection().execute("UPDATE product SET price = price + 1", []).unwrap(), 1);
    let Applied::Done { mismatched, .. } = scene.pull(0) else { panic!("nothing was compared") };
    assert_eq!(mismatched.len(), 1);
    scene.sync(0);
    assert_eq!(scene.count(0, "SELECT price FROM product"), product.price.0);
}

/// The last command that the till saw stands at the same rev again, after another one than before: that it is there says
/// nothing of what is before it.
#[test]
fn a_server_whose_history_only_ends_alike_is_another_one() {
    let mut scene = Scene::new();
    scene.sync(0);
    let mut commands = Vec::new();
    while commands.len() < 3 {
        let office = scene.shop.office;
        commands.extend(entry::anywhere(&mut scene.dice, scene.shop.server.connection(), &office).unwrap());
    }
    let [first, other, last] = <[_; 3]>::try_from(commands).unwrap();
    let backup = scene.shop.server.image().unwrap();
    let id = CommandId(scene.dice.id());
    scene.at_office(first);
    scene.shop.server.submit(id, last.clone(), START).unwrap().unwrap();
    scene.pull(0);
    // A standby that was behind takes over: the same epoch, an older state.
    scene.shop.server.restore(&backup, None).unwrap();
    scene.at_office(other);
    scene.shop.server.submit(id, last, START).unwrap().unwrap();
    scene.pull(0);
    scene.sync(0);
}

/// What is in the drawer came down while its count still waited here: the count was of another drawer.
#[test]
fn a_waiting_count_is_made_again_when_its_drawer_changes() {
    let mut scene = Scene::new();
    scene.sync(0);
    let copy = scene.copy_of(0);
    scene.cash(0, "elsewhere");
    assert_eq!(scene.push(0), PushAnswer::Ok);
    let shift = scene.shift;
    scene.close(copy, shift);
    assert!(matches!(scene.pull(copy), Applied::Done { replayed: 1, .. }));
    let till = &scene.shop.tills[copy].0;
    assert_eq!(verify::check_file(till.connection(), till.company).unwrap(), Vec::new());
}

/// What waits on a copied disk for a shift that was counted meanwhile touches it again, and its number seemed to be missing.
#[test]
fn a_counted_shift_that_something_waiting_touched_has_its_number_still() {
    let mut scene = Scene::new();
    scene.sync(0);
    let copy = scene.copy_of(0);
    scene.cash(copy, "there");
    let shift = scene.shift;
    scene.close(0, shift);
    let next = scene.open(0);
    scene.close(0, next);
    scene.sync(0);
    assert!(matches!(scene.pull(copy), Applied::Done { replayed: 1, .. }));
    let till = &scene.shop.tills[copy].0;
    let waiting = "SELECT rev, number FROM shift WHERE id = ?1";
    assert_eq!(till.connection().query_row(waiting, [shift.0.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).unwrap(), (0_i64, 1_i64));
    assert_eq!(verify::check_file(till.connection(), till.company).unwrap(), Vec::new());
    // A number that is nowhere is missing all the same.
    till.connection().execute("UPDATE shift SET number = NULL WHERE id = ?1", [shift.0.as_bytes()]).unwrap();
    let found = verify::check_file(till.connection(), till.company).unwrap();
    assert!(found.iter().any(|difference| difference.rule == VerifyRule::ShiftNumbers), "{found:?}");
}
