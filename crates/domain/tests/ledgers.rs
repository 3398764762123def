//! The two ledgers under a working day of any shape, and the moving average.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod common;

use common::tries;
use kontor_domain::command::{Command, Mode};
use kontor_domain::counter::cart::price;
use kontor_domain::counter::{self, MoveCash, OpenShift, RefundLine, Shift, ShiftKey, ShiftState};
use kontor_domain::ids::{CashMovementId, ProductId, ShiftId, StockDocumentId};
use kontor_domain::money::Account;
use kontor_domain::reject::Code;
use kontor_domain::stock::{self, Adjust, AdjustLine, MoveReason, StockMove};
use kontor_domain::testing::{Failure, Shop, ShopKind, sum_of};
use kontor_domain::units::{Money, Quantity, UnitPrice};
use proptest::prelude::*;

/// What people do in a shop, with figures that may be nonsense.
#[derive(Clone, Debug)]
enum Deed {
    Receive(usize, i64, i64),
    Adjust(usize, i64),
    Sell(usize, i64, i64),
    Refund(usize, i64, bool),
    CashIn(i64),
    CashOut(i64),
    Close(i64),
    Open(i64),
}

fn deeds() -> impl Strategy<Value = Deed> {
    let quantity = || prop_oneof![6 => (1_i64..20).prop_map(|pieces| pieces * 1000), 2 => 1_i64..9000, 1 => -5_i64..=0];
    prop_oneof![
        3 => (0_usize..2, quantity(), 0_i64..3_000_000).prop_map(|(product, quantity, cost)| Deed::Receive(product, quantity, cost)),
        2 => (0_usize..2, -20_000_i64..20_000).prop_map(|(product, difference)| Deed::Adjust(product, difference)),
        5 => (0_usize..2, quantity(), 0_i64..3_000_000).prop_map(|(product, quantity, price)| Deed::Sell(product, quantity, price)),
        3 => (0_usize..6, 0_i64..=1_000_000, any::<bool>()).prop_map(|(sale, part, restock)| Deed::Refund(sale, part, restock)),
        1 => (-1_i64..5000).prop_map(Deed::CashIn),
        1 => (-1_i64..5000).prop_map(Deed::CashOut),
        1 => (-1_i64..9000).prop_map(Deed::Close),
        1 => (-1_i64..9000).prop_map(Deed::Open),
    ]
}

fn adjust(shop: &mut Shop, product: ProductId, difference: i64) -> Result<(), Failure> {
    let lines = vec![AdjustLine { product_id: product, difference: Quantity(difference), reason: MoveReason::Counted }];
    let document_id = StockDocumentId(shop.id());
    let adjust = Adjust { document_id, location_id: shop.shelf_id, note: String::new(), business_date: shop.today, lines };
    shop.run(Command::Stock(stock::Command::Adjust(adjust))).map(|_| ())
}

fn move_cash(shop: &mut Shop, amount: i64, into: bool) -> Result<(), Failure> {
    let cash = MoveCash { movement_id: CashMovementId(shop.id()), shift_id: shop.shift_id, amount: Money(amount), reason: "change".into() };
    shop.run(Command::Counter(if into { counter::Command::CashIn(cash) } else { counter::Command::CashOut(cash) })).map(|_| ())
}

fn sell(shop: &mut Shop, product: ProductId, quantity: i64, unit_price: i64) -> Result<counter::Sale, Failure> {
    let cart = shop.cart(vec![shop.line(product, 0, Quantity(quantity), UnitPrice(unit_price))]);
    let sell = shop.sell_for_cash(cart)?;
    shop.sell(sell)
}

fn refund(shop: &mut Shop, sale: &counter::Sale, quantity: i64, restock: bool) -> Result<(), Failure> {
    let mut refund = shop.refund_of(sale, vec![RefundLine { line: 1, quantity: Quantity(quantity) }])?;
    refund.restock = restock;
    shop.refund(refund).map(|_| ())
}

fn act(shop: &mut Shop, sales: &mut Vec<counter::Sale>, deed: &Deed) -> Result<(), Failure> {
    match *deed {
        Deed::Receive(product, quantity, cost) => shop.receive(&[(shop.products[product], Quantity(quantity), UnitPrice(cost))]).map(|_| ()),
        Deed::Adjust(product, difference) => adjust(shop, shop.products[product], difference),
        Deed::Sell(product, quantity, price) => sell(shop, shop.products[product], quantity, price).map(|sale| sales.push(sale)),
        Deed::Refund(sale, part, restock) => {
            let Some(sale) = sales.get(sale).cloned() else { return Ok(()) };
            let quantity = shop.lines(sale.id)?[0].quantity.0 * part / 1_000_000;
            refund(shop, &sale, quantity, restock)
        }
        Deed::CashIn(amount) => move_cash(shop, amount, true),
        Deed::CashOut(amount) => move_cash(shop, amount, false),
        Deed::Close(counted) => shop.close(Money(counted)).map(|_| ()),
        Deed::Open(float) => {
            let before = shop.shift_id;
            shop.open(Money(float)).map(|_| ()).inspect_err(|_| shop.shift_id = before)
        }
    }
}

proptest! {
    #![proptest_config(tries(2_000))]

    #[test]
    fn whatever_is_done_in_a_day_the_ledgers_hold_and_a_refusal_changes_nothing(deeds in prop::collection::vec(deeds(), 1..30), kind in 0_usize..3, cold: bool) {
        let mut shop = Shop::found(ShopKind::ALL[kind]).unwrap();
        shop.product(0, UnitPrice(300_000)).unwrap();
        shop.product(1, UnitPrice(300_000)).unwrap();
        shop.store.cold = cold;
        let mut sales = Vec::new();
        for deed in deeds {
            let (before, rev) = (shop.store.everything(), shop.store.rev);
            let drawn = shop.last_number(counter::NumberKind::Receipt);
            match act(&mut shop, &mut sales, &deed) {
                Ok(()) => {}
                Err(Failure::Reject(_)) => {
                    prop_assert_eq!(shop.store.everything(), before);
                    prop_assert_eq!((shop.store.rev, shop.last_number(counter::NumberKind::Receipt)), (rev, drawn));
                }
                Err(Failure::Broken(text)) => prop_assert!(false, "{deed:?}: {text}"),
            }
            shop.store.check_ledgers().unwrap();
        }
        prop_assert!(shop.store.rounds_most <= 5, "{} rounds", shop.store.rounds_most);
    }
}

fn shop() -> (Shop, ProductId) {
    let mut shop = Shop::found(ShopKind::Taiwan).unwrap();
    let tea = shop.product(0, UnitPrice(300_000)).unwrap();
    (shop, tea)
}

fn state(shop: &Shop, product: ProductId) -> (i64, i64, i64) {
    let value = shop.value(product).unwrap();
    (value.quantity.0, value.value.0, value.last_cost.0)
}

#[test]
fn goods_leave_at_the_average_of_what_they_cost() {
    let (mut shop, tea) = shop();
    shop.receive(&[(tea, Quantity(10_000), UnitPrice(100_000))]).unwrap();
    shop.receive(&[(tea, Quantity(10_000), UnitPrice(200_000))]).unwrap();
    assert_eq!(state(&shop, tea), (20_000, 300, 200_000));
    sell(&mut shop, tea, 5000, 300_000).unwrap();
    assert_eq!(state(&shop, tea), (15_000, 225, 200_000));
    sell(&mut shop, tea, 15_000, 300_000).unwrap();
    assert_eq!(state(&shop, tea), (0, 0, 200_000));
    shop.store.check_ledgers().unwrap();
}

#[test]
fn below_zero_goods_leave_at_the_last_cost_and_the_next_receipt_books_the_difference() {
    let (mut shop, tea) = shop();
    shop.receive(&[(tea, Quantity(2000), UnitPrice(100_000))]).unwrap();
    sell(&mut shop, tea, 5000, 300_000).unwrap();
    assert_eq!(state(&shop, tea), (-3000, -30, 100_000));
    shop.receive(&[(tea, Quantity(10_000), UnitPrice(150_000))]).unwrap();
    // Seven are left and cost 15 each; the three sold before cost 15 more than was thought.
    assert_eq!(state(&shop, tea), (7000, 105, 150_000));
    let revalued: Vec<StockMove> = shop.store.rows::<StockMove>().unwrap().into_iter().filter(|row| row.reason == MoveReason::Revaluation).collect();
    assert_eq!((revalued.len(), revalued[0].quantity), (1, Quantity::ZERO));
    shop.store.check_ledgers().unwrap();
}

#[test]
fn a_receipt_that_only_fills_the_hole_leaves_no_value() {
    let (mut shop, tea) = shop();
    sell(&mut shop, tea, 5000, 300_000).unwrap();
    assert_eq!(state(&shop, tea), (-5000, 0, 0));
    shop.receive(&[(tea, Quantity(5000), UnitPrice(170_000))]).unwrap();
    assert_eq!(state(&shop, tea), (0, 0, 170_000));
    shop.store.check_ledgers().unwrap();
}

#[test]
fn the_last_cost_is_the_cost_of_one_unit_however_little_came() {
    let (mut shop, tea) = shop();
    // One screw for four tenths of a dollar: its value rounds to nothing, its cost does not.
    shop.receive(&[(tea, Quantity(1000), UnitPrice(4000))]).unwrap();
    assert_eq!(state(&shop, tea), (1000, 0, 4000));
    sell(&mut shop, tea, 101_000, 300_000).unwrap();
    assert_eq!(state(&shop, tea), (-100_000, -40, 4000));
}

#[test]
fn goods_that_come_back_are_worth_what_they_left_with() {
    let (mut shop, tea) = shop();
    shop.receive(&[(tea, Quantity(3000), UnitPrice(100_000))]).unwrap();
    shop.receive(&[(tea, Quantity(1000), UnitPrice(120_000))]).unwrap();
    let before = state(&shop, tea);
    let sale = sell(&mut shop, tea, 6000, 300_000).unwrap();
    refund(&mut shop, &sale, 6000, true).unwrap();
    assert_eq!(state(&shop, tea), before);
    shop.store.check_ledgers().unwrap();
}

#[test]
fn parts_too_small_to_move_bring_their_value_back_with_the_next() {
    let (mut shop, tea) = shop();
    shop.receive(&[(tea, Quantity(1000), UnitPrice(1_000_000_000_000))]).unwrap();
    let before = state(&shop, tea);
    let mut line = shop.line(tea, 0, Quantity(5), UnitPrice(0));
    line.pack = Quantity(100);
    let cart = shop.cart(vec![line]);
    let sell = shop.sell_for_cash(cart).unwrap();
    let sale = shop.sell(sell).unwrap();
    for _ in 0..5 {
        refund(&mut shop, &sale, 1, true).unwrap();
    }
    assert_eq!(state(&shop, tea), before);
    shop.store.check_ledgers().unwrap();
}

#[test]
fn closing_posts_what_was_counted_and_what_was_missing() {
    let (mut shop, tea) = shop();
    sell(&mut shop, tea, 1000, 1_000_000).unwrap();
    move_cash(&mut shop, 50, true).unwrap();
    move_cash(&mut shop, 30, false).unwrap();
    let outcome = shop.close(Money(1100)).unwrap();
    assert_eq!(outcome.number.as_deref(), Some("Z1"));
    let shift = shop.store.row::<Shift>(&ShiftKey { id: shop.shift_id }).unwrap().unwrap();
    assert_eq!((shift.state, shift.expected, shift.counted), (ShiftState::Closed, Some(Money(1120)), Some(Money(1100))));
    let store = &shop.store;
    assert_eq!(sum_of(store, Account::Drawer).unwrap(), 0);
    assert_eq!(sum_of(store, Account::Safe).unwrap(), 100);
    assert_eq!(sum_of(store, Account::OverShort).unwrap(), 20);
    store.check_ledgers().unwrap();
    let refused = sell(&mut shop, tea, 1000, 1_000_000).unwrap_err();
    assert_eq!(refused.reject().map(|reject| reject.code), Some(Code::NoOpenShift));
    shop.open(Money(500)).unwrap();
    sell(&mut shop, tea, 1000, 1_000_000).unwrap();
    assert_eq!(shop.close(Money(600)).unwrap().number.as_deref(), Some("Z2"));
    shop.store.check_ledgers().unwrap();
}

#[test]
fn an_opening_that_is_told_after_what_was_done_in_its_shift_is_added_to_it() {
    for is_counted_first in [false, true] {
        let (mut shop, _) = shop();
        shop.close(Money(1000)).unwrap();
        let safe = sum_of(&shop.store, Account::Safe).unwrap();
        // Another copy of this till's file tells of cash before the opening comes.
        shop.context.mode = Mode::Again;
        shop.shift_id = ShiftId(shop.id());
        move_cash(&mut shop, 50, true).unwrap();
        if is_counted_first {
            shop.close(Money(550)).unwrap();
        }
        let open = OpenShift { shift_id: shop.shift_id, till_id: shop.till_id, business_date: shop.today, float: Money(500) };
        shop.run(Command::Counter(counter::Command::OpenShift(open))).unwrap();
        if !is_counted_first {
            shop.close(Money(550)).unwrap();
        }
        let shift = shop.store.row::<Shift>(&ShiftKey { id: shop.shift_id }).unwrap().unwrap();
        assert_eq!((shift.float, shift.expected, shift.counted), (Money(500), Some(Money(550)), Some(Money(550))));
        assert_eq!(sum_of(&shop.store, Account::Drawer).unwrap(), 0);
        assert_eq!(sum_of(&shop.store, Account::OverShort).unwrap(), 0);
        assert_eq!(sum_of(&shop.store, Account::Safe).unwrap() - safe, 50);
        shop.store.check_ledgers().unwrap();
        // It was added once: whatever else says that it opens this shift is refused.
        let again = OpenShift { shift_id: shop.shift_id, till_id: shop.till_id, business_date: shop.today, float: Money(500) };
        let refused = shop.run(Command::Counter(counter::Command::OpenShift(again))).unwrap_err();
        assert_eq!(refused.reject().map(|reject| reject.code), Some(Code::CodeInUse));
    }
}

#[test]
fn a_fall_below_zero_is_told_once_and_stops_no_sale() {
    let (mut shop, tea) = shop();
    for _ in 0..3 {
        sell(&mut shop, tea, 1000, 300_000).unwrap();
    }
    let items = shop.store.rows::<kontor_domain::attention::Attention>().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].about_id, tea.0);
    assert!(items[0].args.contains("\"quantity\":\"-1\"") && items[0].args.contains("HS-1-1-000001"), "{}", items[0].args);
}

#[test]
fn one_huge_slip_does_not_stop_later_sales() {
    let (mut shop, tea) = shop();
    // A barcode scanned into the quantity of a free article, a cost typed with it.
    for quantity in [4_710_088_412_345, i64::MAX, i64::MAX / 1000] {
        let refused = sell(&mut shop, tea, quantity, 0).unwrap_err();
        assert_eq!(refused.reject().map(|reject| reject.code), Some(Code::OutOfRange), "{refused}");
    }
    let refused = shop.receive(&[(tea, Quantity(1), UnitPrice(i64::MAX))]).unwrap_err();
    assert_eq!(refused.reject().map(|reject| reject.code), Some(Code::OutOfRange), "{refused}");
    let cart = shop.cart(vec![shop.line(tea, 0, Quantity(1000), UnitPrice(300_000))]);
    let mut typed = shop.sell_for_cash(cart.clone()).unwrap();
    typed.tenders[0].given = Money(4_710_088_412_345);
    let refused = shop.sell(typed).unwrap_err();
    assert_eq!(refused.reject().map(|reject| reject.code), Some(Code::OutOfRange), "{refused}");
    let mut dear = cart;
    dear.lines[0].unit_price = UnitPrice(i64::MAX);
    assert_eq!(price(&dear).map_err(|reject| reject.code), Err(Code::OutOfRange));
    sell(&mut shop, tea, 1000, 300_000).unwrap();
    shop.store.check_ledgers().unwrap();
}
