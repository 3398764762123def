//! The World: not loaded is not absent, one command's refusal leaves the others, rows carry the last rev.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

use kontor_domain::catalog::{self, Product, ProductChanges, ProductKey};
use kontor_domain::cell::{Cell, Value};
use kontor_domain::command::{Command, Edit, execute};
use kontor_domain::counter::{self, Park, ParkedCart, ParkedCartKey, Sale, SaleKey, Sell, Unpark};
use kontor_domain::ids::{ParkedCartId, ProductId};
use kontor_domain::reject::Code;
use kontor_domain::stock::{Balance, BalanceKey};
use kontor_domain::testing::{Shop, ShopKind, id_of};
use kontor_domain::units::{Quantity, UnitPrice};
use kontor_domain::world::{Action, Halt, Row, Scope, Slice, Stored, Table, World};

fn product(count: u64, code: &str) -> Product {
    Product {
        id: ProductId(id_of(count)),
        code: code.into(),
        name: "Tea".into(),
        description: String::new(),
        unit: "pcs".into(),
        category_id: None,
        tax_id: kontor_domain::ids::TaxId(id_of(1)),
        price: UnitPrice(1),
        low_threshold: catalog::THRESHOLD_OFF,
        high_threshold: catalog::THRESHOLD_OFF,
        favourite: None,
        active: true,
    }
}

fn code(text: &str) -> Value {
    text.to_owned().to_value()
}

fn stored(row: &Product) -> Stored {
    Stored { cells: row.cells(), scope: Scope::COMPANY, rev: 3 }
}

#[test]
fn what_is_not_loaded_is_not_absent() {
    let mut world = World::default();
    let key = ProductKey { id: ProductId(id_of(7)) };
    assert_eq!(world.find::<Product>(&key), Err(Halt::Need));
    let needs = world.take_needs();
    assert_eq!(needs.iter().collect::<Vec<_>>(), [&Slice::Key(Table::product, Product::key_cells(&key))]);
    world.load(needs.first().unwrap(), Vec::new()).unwrap();
    assert_eq!(world.find::<Product>(&key), Ok(None));

    assert_eq!(world.under::<Product>(0, code("A")), Err(Halt::Need));
    let slice = Slice::Index(Table::product, 0, code("A"));
    assert_eq!(world.take_needs().first(), Some(&slice));
    world.load(&slice, vec![stored(&product(8, "A"))]).unwrap();
    assert_eq!(world.under::<Product>(0, code("A")).unwrap(), [product(8, "A")]);
    assert_eq!(world.under::<Product>(0, code("B")), Err(Halt::Need));
}

#[test]
fn a_wish_does_not_end_the_try_until_it_is_asked_for() {
    let mut world = World::default();
    world.wish::<Product>(&ProductKey { id: ProductId(id_of(7)) });
    world.wish_under::<Product>(0, code("A"));
    assert_eq!(world.granted(), Err(Halt::Need));
    for slice in world.take_needs() {
        world.load(&slice, Vec::new()).unwrap();
    }
    assert_eq!(world.granted(), Ok(()));
    world.wish_under::<Product>(0, code("A"));
    assert_eq!(world.granted(), Ok(()));
}

#[test]
fn a_row_in_memory_is_newer_than_the_file() {
    let mut world = World::default();
    world.insert(Scope::COMPANY, product(8, "A"));
    world.seal(1);
    let slice = Slice::Index(Table::product, 0, code("OLD"));
    world.load(&slice, vec![stored(&product(8, "OLD"))]).unwrap();
    assert_eq!(world.under::<Product>(0, code("OLD")).unwrap(), []);
    assert_eq!(world.find::<Product>(&product(8, "A").key()).unwrap(), Some(product(8, "A")));
}

#[test]
fn an_index_follows_changes_and_their_undoing() {
    let mut world = World::default();
    for text in ["A", "B"] {
        world.load(&Slice::Index(Table::product, 0, code(text)), Vec::new()).unwrap();
    }
    world.insert(Scope::COMPANY, product(8, "A"));
    world.seal(1);
    world.update(product(8, "B"));
    assert_eq!(world.under::<Product>(0, code("A")).unwrap(), []);
    assert_eq!(world.under::<Product>(0, code("B")).unwrap().len(), 1);
    world.rollback();
    assert_eq!(world.under::<Product>(0, code("A")).unwrap(), [product(8, "A")]);
    assert_eq!(world.under::<Product>(0, code("B")).unwrap(), []);
    let writes = world.writes();
    assert_eq!((writes.len(), writes[0].action, writes[0].rev), (1, Action::Insert, 1));
}

#[test]
fn a_row_changed_by_two_commands_is_written_once_with_the_last_rev_and_the_first_image() {
    let mut world = World::default();
    let before = product(8, "A");
    world.load(&Slice::Key(Table::product, Product::key_cells(&before.key())), vec![stored(&before)]).unwrap();
    for (rev, text) in [(11, "B"), (12, "C")] {
        world.update(product(8, text));
        world.seal(rev);
    }
    world.update(product(8, "D"));
    world.rollback();
    let writes = world.writes();
    assert_eq!(writes.len(), 1);
    assert_eq!((writes[0].action, writes[0].rev), (Action::Update, 12));
    assert_eq!((&writes[0].cells, writes[0].before.as_ref()), (&product(8, "C").cells(), Some(&stored(&before))));
    world.committed();
    assert_eq!(world.writes(), []);
    world.update(product(8, "E"));
    world.seal(13);
    assert_eq!(world.writes()[0].before.as_ref(), Some(&Stored { rev: 12, ..stored(&product(8, "C")) }));
}

#[test]
fn what_comes_and_goes_in_one_batch_is_not_written() {
    let mut world = World::default();
    world.insert(Scope::COMPANY, product(8, "A"));
    world.seal(1);
    world.remove::<Product>(product(8, "A").key());
    world.seal(2);
    assert_eq!(world.writes(), []);
    world.committed();
    assert_eq!(world.find::<Product>(&product(8, "A").key()), Ok(None));
}

#[test]
fn finished_documents_are_dropped_after_the_commit_and_balances_kept() {
    let mut shop = Shop::found(ShopKind::Taiwan).unwrap();
    let tea = shop.product(0, UnitPrice(300_000)).unwrap();
    let mut world = World::default();
    let cart = shop.cart(vec![shop.line(tea, 0, Quantity(1000), UnitPrice(300_000))]);
    let sell = shop.sell_for_cash(cart).unwrap();
    let (id, shelf) = (sell.sale_id, shop.shelf_id);
    let envelope = shop.envelope(Command::Counter(counter::Command::Sell(Box::new(sell))));
    let rows = shop.store.everything();
    while execute(&mut world, &shop.context, &envelope) == Err(Halt::Need) {
        world.rollback();
        for slice in world.take_needs() {
            let found = rows
                .get(match &slice {
                    Slice::Key(table, _) | Slice::Index(table, ..) => table,
                })
                .into_iter()
                .flatten();
            let fitting = found.filter(|(key, row)| match &slice {
                Slice::Key(_, wanted) => *key == wanted,
                Slice::Index(table, index, value) => {
                    let column = table.info().columns.iter().position(|column| *column == table.info().indexes[*index]).unwrap();
                    row.cells[column] == *value
                }
            });
            world.load(&slice, fitting.map(|(_, row)| row.clone()).collect()).unwrap();
        }
    }
    world.seal(1);
    assert!(world.find::<Sale>(&SaleKey { id }).unwrap().is_some());
    world.committed();
    assert_eq!(world.find::<Sale>(&SaleKey { id }), Err(Halt::Need));
    world.take_needs();
    let balance = BalanceKey { product_id: tea, location_id: shelf, lot_id: kontor_domain::ids::LotId::NONE };
    assert_eq!(world.find::<Balance>(&balance).unwrap().unwrap().quantity, Quantity(-1000));
}

fn sell(shop: &mut Shop, product: ProductId, quantity: i64) -> Sell {
    let cart = shop.cart(vec![shop.line(product, 0, Quantity(quantity), UnitPrice(300_000))]);
    shop.sell_for_cash(cart).unwrap()
}

#[test]
fn a_refused_command_in_a_batch_leaves_the_others_and_no_trace() {
    let mut shop = Shop::found(ShopKind::Taiwan).unwrap();
    let tea = shop.product(0, UnitPrice(300_000)).unwrap();
    let first = sell(&mut shop, tea, 1000);
    let mut wrong = sell(&mut shop, tea, 2000);
    wrong.tenders[0].amount = kontor_domain::units::Money(1);
    let mut late = sell(&mut shop, tea, 4000);
    // Refused by the very last rule, after everything was written.
    late.cart.lines[0].pack = Quantity(i64::MAX);
    let last = sell(&mut shop, tea, 8000);
    let ids = [&first, &wrong, &late, &last].map(|sell| sell.sale_id);
    let rev = shop.store.rev;
    let batch: Vec<_> = [first, wrong, late, last]
        .into_iter()
        .map(|sell| (shop.context.clone(), shop.envelope(Command::Counter(counter::Command::Sell(Box::new(sell))))))
        .collect();
    let verdicts = shop.store.run_batch(&batch).unwrap();
    assert_eq!(verdicts.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, true]);
    assert!(verdicts.iter().all(|verdict| verdict.as_ref().err().is_none_or(|failure| failure.reject().is_some())), "{verdicts:?}");
    assert_eq!(ids.map(|id| shop.sale(id).is_ok()), [true, false, false, true]);
    assert_eq!(shop.store.rev, rev + 2);
    shop.store.check_ledgers().unwrap();
    let balance = BalanceKey { product_id: tea, location_id: shop.shelf_id, lot_id: kontor_domain::ids::LotId::NONE };
    let balance = shop.store.stored::<Balance>(&balance).unwrap();
    assert_eq!(balance.rev, rev + 2);
    assert_eq!(balance.cells.last(), Some(&Value::Int(-9000)));
}

#[test]
fn a_row_that_is_parked_and_taken_up_in_one_batch_never_reaches_the_file() {
    let mut shop = Shop::found(ShopKind::Taiwan).unwrap();
    let tea = shop.product(0, UnitPrice(300_000)).unwrap();
    let cart = shop.cart(vec![shop.line(tea, 0, Quantity(1000), UnitPrice(300_000))]);
    let id = ParkedCartId(shop.id());
    let park = shop.envelope(Command::Counter(counter::Command::Park(Park {
        parked_cart_id: id,
        till_id: shop.till_id,
        cart,
        name: String::new(),
        tax_number: String::new(),
        replaces: None,
    })));
    let unpark = shop.envelope(Command::Counter(counter::Command::Unpark(Unpark { parked_cart_id: id })));
    let context = shop.context.clone();
    for verdict in shop.store.run_batch(&[(context.clone(), park), (context, unpark)]).unwrap() {
        verdict.unwrap();
    }
    assert_eq!(shop.store.row::<ParkedCart>(&ParkedCartKey { id }), Ok(None));
}

#[test]
fn an_edit_of_what_changed_meanwhile_is_refused_and_says_what_is_there() {
    let mut shop = Shop::found(ShopKind::Taiwan).unwrap();
    let tea = shop.product(0, UnitPrice(300_000)).unwrap();
    let change = |from: i64, to: i64| {
        let price = Some(Edit { from: UnitPrice(from), to: UnitPrice(to) });
        Command::Catalog(catalog::Command::EditProduct(Box::new(ProductChanges { price, ..ProductChanges::of(tea) })))
    };
    shop.run(change(300_000, 350_000)).unwrap();
    let refused = shop.run(change(300_000, 320_000)).unwrap_err();
    assert_eq!(refused.reject().map(|reject| reject.code), Some(Code::ChangedMeanwhile));
    // What is wanted is there already: nothing to refuse.
    shop.run(change(300_000, 350_000)).unwrap();
}

#[test]
fn an_id_that_is_in_use_is_refused_and_overwrites_nothing() {
    let mut shop = Shop::found(ShopKind::Taiwan).unwrap();
    let tea = shop.product(0, UnitPrice(300_000)).unwrap();
    let first = sell(&mut shop, tea, 1000);
    let mut second = sell(&mut shop, tea, 2000);
    second.sale_id = first.sale_id;
    let (id, total) = (first.sale_id, first.figures.total);
    let context = shop.context.clone();
    let envelopes = [first, second].map(|sell| shop.envelope(Command::Counter(counter::Command::Sell(Box::new(sell)))));
    let batch: Vec<_> = envelopes.into_iter().map(|envelope| (context.clone(), envelope)).collect();
    let verdicts = shop.store.run_batch(&batch).unwrap();
    let codes: Vec<_> = verdicts.iter().map(|verdict| verdict.as_ref().err().and_then(|failure| Some(failure.reject()?.code))).collect();
    assert_eq!(codes, [None, Some(Code::CodeInUse)]);
    assert_eq!(shop.sale(id).unwrap().total, total);
    // The same when the first is in the file and not in memory any more.
    let mut third = sell(&mut shop, tea, 4000);
    third.sale_id = id;
    let refused = shop.sell(third).unwrap_err();
    assert_eq!(refused.reject().map(|reject| reject.code), Some(Code::CodeInUse), "{refused:?}");
    shop.store.check_ledgers().unwrap();
}
