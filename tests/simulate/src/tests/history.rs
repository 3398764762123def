//! How far back copies go.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use kontor_domain::ids::CommandId;
use kontor_domain::stock;
use kontor_store::verify;

use super::Scene;
use crate::entry;
use crate::shop::{START, next_day};

const MOVES: &str = "SELECT COUNT(*) FROM stock_move";
const CASH: &str = "SELECT COUNT(*) FROM cash_movement";

/// Receives goods at the office until something moved in the till's warehouse.
fn receive(scene: &mut Scene) {
    scene.product();
    let mut place = scene.shop.office;
    let own = scene.shop.tills[0].1;
    (place.warehouse, place.shelf, place.today) = (own.warehouse, own.shelf, own.today);
    let before: i64 = scene.shop.server.connection().query_row(MOVES, [], |row| row.get(0)).unwrap();
    for _ in 0..200 {
        let entered = entry::anywhere(&mut scene.dice, scene.shop.server.connection(), &place).unwrap();
        if let Some(command @ kontor_domain::command::Command::Stock(stock::Command::Receive(_))) = entered {
            scene.at_office(command);
        }
        let now: i64 = scene.shop.server.connection().query_row(MOVES, [], |row| row.get(0)).unwrap();
        if now > before {
            return;
        }
    }
    panic!("nothing was received");
}

fn forget(scene: &mut Scene) {
    let day = scene.shop.tills[0].1.today;
    let id = CommandId(scene.dice.id());
    scene.shop.server.forget_history(id, day, START).unwrap().unwrap();
}

#[test]
fn a_till_forgets_what_is_behind_the_horizon_and_its_figures_still_follow_from_openings_and_moves() {
    let mut scene = Scene::new();
    receive(&mut scene);
    scene.cash(0, "long ago");
    scene.sync(0);
    assert!(scene.count(0, MOVES) > 0);
    scene.close(0, scene.shift);
    scene.sync(0);
    let later = next_day(scene.shop.tills[0].1.today);
    scene.shop.tills[0].1.today = later;
    forget(&mut scene);
    // What is entered before the till hears of it stays, whatever the horizon is.
    scene.shift = scene.open(0);
    scene.cash(0, "today");
    scene.sync(0);
    assert_eq!((scene.count(0, MOVES), scene.count(0, CASH)), (0, 1));
    assert!(scene.count(0, "SELECT COUNT(*) FROM opening") > 0);
    // Balances, shifts, numbers: all of it is there, and nothing contradicts.
    let company = scene.shop.server.company;
    for file in [scene.shop.tills[0].0.connection(), scene.shop.server.connection()] {
        assert_eq!(verify::check_file(file, company).unwrap(), []);
    }
    let there: i64 = scene.shop.server.connection().query_row(MOVES, [], |row| row.get(0)).unwrap();
    assert!(there > 0, "the server keeps everything");
    receive(&mut scene);
    scene.sync(0);
    assert!(scene.count(0, MOVES) > 0);
    assert_eq!(verify::check_file(scene.shop.tills[0].0.connection(), company).unwrap(), []);
    // An opening that is not what moved is noticed, here and there.
    for file in [scene.shop.tills[0].0.connection(), scene.shop.server.connection()] {
        assert!(file.execute("UPDATE opening SET quantity = quantity + 1", []).unwrap() > 0);
        assert_ne!(verify::check_file(file, company).unwrap(), []);
    }
}

#[test]
fn a_till_that_starts_anew_gets_nothing_from_behind_the_horizon() {
    let mut scene = Scene::new();
    receive(&mut scene);
    scene.cash(0, "long ago");
    scene.close(0, scene.shift);
    scene.sync(0);
    let later = next_day(scene.shop.tills[0].1.today);
    for (_, place) in &mut scene.shop.tills {
        place.today = later;
    }
    forget(&mut scene);
    let before = scene.shop.server.head().unwrap();
    forget(&mut scene);
    assert_eq!(scene.shop.server.head().unwrap(), before, "a horizon that is there is not moved");
    scene.sync(1);
    assert_eq!((scene.count(1, MOVES), scene.count(1, CASH)), (0, 0));
    assert_eq!(verify::check_file(scene.shop.tills[1].0.connection(), scene.shop.server.company).unwrap(), []);
}
