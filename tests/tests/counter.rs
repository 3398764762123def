//! Selling on one machine, on a real file: both ledgers right after every flow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

use kontor_desktop::platform;
use kontor_domain::catalog::{ListProducts, ProductFilter, SearchProducts};
use kontor_domain::command::{Command, Edit};
use kontor_domain::counter::{
    self, CloseShift, GetSale, GetSaleLedger, GetShift, LastSale, ListSales, MoveCash, Refund, RefundLine, SaleFilter, TotalKind, refund_tenders,
};
use kontor_domain::ids::{CashMovementId, CommandId, LocationId, SaleId};
use kontor_domain::money::Account;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::reports::GetDay;
use kontor_domain::settings::{self, CompanyChanges, GetSession, TillChanges};
use kontor_domain::stock::{ListBalances, ListMoves, ListProductBalances, LocationKind, NewLocation};
use kontor_domain::units::{Money, Quantity};
use kontor_domain::world::{Change, Table};
use kontor_tests::shop::{FLOAT, TestShop, id, sale_command};

#[tokio::test]
async fn a_sale_moves_stock_and_money_and_verifies() {
    let test = TestShop::new(5).await.unwrap();
    let done = test.sell(&[0, 1, 2, 3, 4]).await.unwrap();
    assert_eq!(done.receipt.number.as_deref(), Some("TS-1-1-000001"));
    let last = test.shop.ask(LastSale { till_id: test.founded.till }).await.unwrap().unwrap();
    assert_eq!((last.total, last.lines, last.tenders.as_str()), (Money(150), 5, "cash"));
    let ledger = test.shop.ask(GetSaleLedger { id: last.id }).await.unwrap();
    assert_eq!(ledger.moves.len(), 5);
    assert_eq!(ledger.postings.iter().map(|posting| posting.amount.0).sum::<i64>(), 0);
    let drawer: Vec<&str> =
        ledger.postings.iter().filter(|posting| posting.account == Account::Drawer).map(|posting| posting.detail.as_str()).collect();
    assert_eq!(drawer, ["1"], "people read the till's number, not an id");
    let balances = test.shop.ask(ListBalances { text: String::new(), location_id: None, only_low: false, offset: 0, limit: 50 }).await.unwrap();
    assert_eq!(balances.total, 5);
    assert!(balances.rows.iter().all(|row| row.quantity == Quantity(99_000)));
    let moves =
        test.shop.ask(ListMoves { product_id: Some(test.founded.products[0]), location_id: None, order: None, offset: 0, limit: 50 }).await.unwrap();
    assert_eq!(moves.total, 2);
    assert_eq!(moves.rows[0].value, Some(Money(6)));
    test.verify().await.unwrap();
}

#[tokio::test]
async fn nothing_changes_a_line_of_a_ledger() {
    let test = TestShop::new(2).await.unwrap();
    test.sell(&[0, 1]).await.unwrap();
    let file = rusqlite::Connection::open(test.shop.path()).unwrap();
    let mut tried = Vec::new();
    for table in Table::ALL.iter().filter(|table| table.info().change == Change::Append) {
        let name = table.info().name;
        // A trigger speaks for each row: where there is none, nobody is asked.
        if file.query_row(&format!("SELECT COUNT(*) FROM {name}"), [], |row| row.get::<_, i64>(0)).unwrap() == 0 {
            continue;
        }
        for sql in [format!("UPDATE {name} SET rev = rev + 1"), format!("DELETE FROM {name}")] {
            let error = file.execute(&sql, []).expect_err(&sql);
            assert!(error.to_string().contains("never changed"), "{sql}: {error}");
        }
        tried.push(name);
    }
    for ledger in ["stock_move", "move_value", "posting", "sale", "sale_line", "sale_tax", "sale_tender", "stock_document"] {
        assert!(tried.contains(&ledger), "{ledger}: {tried:?}");
    }
    test.verify().await.unwrap();
}

#[tokio::test]
async fn the_same_command_twice_is_one_sale() {
    let test = TestShop::new(2).await.unwrap();
    let command = sale_command(&test.founded, &[0, 1]).unwrap();
    let command_id = CommandId(id());
    let first = test.shop.submit(command_id, command.clone(), platform::now()).await.unwrap();
    let again = test.shop.submit(command_id, command, platform::now()).await.unwrap();
    assert!(!first.receipt.repeated && again.receipt.repeated);
    assert_eq!(first.receipt.number, again.receipt.number);
    let sales = test.shop.ask(ListSales { filter: SaleFilter::default(), offset: 0, limit: 10 }).await.unwrap();
    assert_eq!(sales.total, 1);
    test.verify().await.unwrap();
}

#[tokio::test]
async fn sale_and_full_refund_leave_nothing_behind() {
    let test = TestShop::new(3).await.unwrap();
    test.sell(&[0, 1, 2]).await.unwrap();
    let last = test.shop.ask(LastSale { till_id: test.founded.till }).await.unwrap().unwrap();
    let detail = test.shop.ask(GetSale { id: last.id }).await.unwrap().unwrap();
    let (tenders, rounding) = refund_tenders(&detail.sale, &detail.tenders, &detail.given_back, detail.sale.total, Money(1)).unwrap();
    let refund = Refund {
        refund_id: SaleId(id()),
        shift_id: test.founded.shift,
        sale_id: last.id,
        lines: detail.lines.iter().map(|line| RefundLine { line: line.line, quantity: line.quantity }).collect(),
        total: detail.sale.total,
        tenders,
        rounding,
        note: String::new(),
        restock: true,
        print: None,
        sold: None,
        approval: None,
    };
    let command = Command::Counter(counter::Command::Refund(Box::new(refund.clone())));
    let done = test.run(command).await.unwrap();
    assert_eq!(done.receipt.number.as_deref(), Some("TS-1-1-000002"));
    let again = Command::Counter(counter::Command::Refund(Box::new(Refund { refund_id: SaleId(id()), ..refund })));
    assert_eq!(test.run(again).await.map_err(|reject| reject.code).map(|_| ()), Err(Code::MoreThanRefundable));
    let balances = test.shop.ask(ListBalances { text: String::new(), location_id: None, only_low: false, offset: 0, limit: 50 }).await.unwrap();
    assert!(balances.rows.iter().all(|row| row.quantity == Quantity(100_000)));
    let day = test.shop.ask(GetDay { business_date: test.founded.date }).await.unwrap();
    assert_eq!((day.total, day.sales, day.refunds), (Money(0), 1, 1));
    assert_eq!((day.items, day.average, day.refunded), (Quantity::ZERO, Money(60), Money(-60)));
    test.verify().await.unwrap();
}

#[tokio::test]
async fn a_shift_closes_with_the_sums_of_its_sales() {
    let test = TestShop::new(4).await.unwrap();
    for _ in 0..10 {
        test.sell(&[0, 3]).await.unwrap();
    }
    let cash = MoveCash { movement_id: CashMovementId(id()), shift_id: test.founded.shift, amount: Money(300), reason: "stamps".into() };
    test.run(Command::Counter(counter::Command::CashOut(cash))).await.unwrap();
    let expected = Money(FLOAT.0 + 500 - 300);
    let close = CloseShift { shift_id: test.founded.shift, denominations: Vec::new(), counted: Money(expected.0 - 7) };
    let done = test.run(Command::Counter(counter::Command::CloseShift(close))).await.unwrap();
    assert_eq!(done.receipt.number.as_deref(), Some("Z1"));
    let shift = test.shop.ask(GetShift { id: test.founded.shift }).await.unwrap().unwrap();
    assert_eq!((shift.shift.expected, shift.shift.counted), (Some(expected), Some(Money(expected.0 - 7))));
    let sales = shift.totals.iter().find(|total| total.kind == TotalKind::Sales).unwrap();
    assert_eq!((sales.count, sales.amount), (10, Money(500)));
    assert_eq!(shift.last_number.as_deref(), Some("TS-1-1-000010"));
    assert_eq!(test.sell(&[0]).await.map_err(|reject| reject.code).map(|_| ()), Err(Code::NoOpenShift));
    test.verify().await.unwrap();
    let session = test.shop.ask(GetSession {}).await.unwrap().unwrap();
    assert_eq!(session.shift, None);
}

#[tokio::test]
async fn a_sale_below_zero_is_recorded_and_a_person_is_told() {
    let test = TestShop::new(1).await.unwrap();
    for _ in 0..101 {
        test.sell(&[0]).await.unwrap();
    }
    let session = test.shop.ask(GetSession {}).await.unwrap().unwrap();
    assert_eq!(session.attention_count, 1);
    test.verify().await.unwrap();
}

#[tokio::test]
async fn numbers_go_on_after_the_file_was_closed() {
    let test = TestShop::new(1).await.unwrap();
    test.sell(&[0]).await.unwrap();
    let test = test.reopen().await.unwrap();
    assert_eq!(test.sell(&[0]).await.unwrap().receipt.number.as_deref(), Some("TS-1-1-000002"));
    test.verify().await.unwrap();
}

#[tokio::test]
async fn search_finds_by_one_character_in_either_script() {
    let test = TestShop::new(3).await.unwrap();
    for (text, found) in [
        ("鳳", 3),
        ("凤梨", 3),
        ("P", 3),
        ("p", 3),
        ("Pr", 3),
        ("3", 1),
        ("x", 0),
        ("Prod", 3),
        ("P2", 1),
        ("4710000000003", 1),
        ("酥", 3),
        ("xyz", 0),
        ("'; DROP", 0),
    ] {
        let hits = test.shop.ask(SearchProducts { text: text.into(), limit: 20 }).await.unwrap();
        assert_eq!(hits.len(), found, "{text}");
    }
    let filter = ProductFilter { text: "凤".into(), ..ProductFilter::default() };
    let page = test.shop.ask(ListProducts { filter, offset: 0, limit: 2 }).await.unwrap();
    assert_eq!((page.total, page.rows.len()), (3, 2));
}

#[tokio::test]
async fn an_empty_search_index_is_filled_when_the_file_is_opened() {
    let test = TestShop::new(3).await.unwrap();
    let path = test.shop.path().to_owned();
    test.shop.close().await;
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch("DELETE FROM product_words; DELETE FROM product_document").unwrap();
    drop(file);
    let test = test.reopen().await.unwrap();
    let hits = test.shop.ask(SearchProducts { text: "Product".into(), limit: 20 }).await.unwrap();
    assert_eq!(hits.len(), 3);
    test.verify().await.unwrap();
}

#[tokio::test]
async fn the_demo_shop_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.kontor");
    let shop = kontor_desktop::shop::Shop::open(&path, kontor_domain::host::ShopFile::Demo, kontor_store::sqlite::Synchronous::Off).await.unwrap();
    kontor_desktop::demo::fill(&shop, "zh-Hant", &|_, _| {}).await.unwrap();
    let report = shop.reader().verify(&shop.asker(), &|_, _| {}).await.unwrap();
    assert_eq!(report.differences, Vec::new());
    let filter = ProductFilter::default();
    assert_eq!(shop.ask(ListProducts { filter, offset: 0, limit: 1 }).await.unwrap().total, 2000);
    assert!(shop.ask(GetSession {}).await.unwrap().unwrap().shift.is_some());
}

#[tokio::test]
async fn a_till_sells_from_the_location_it_is_set_to() {
    let (back, code) = (LocationId(id()), "BACK");
    let test = TestShop::found_with(tempfile::tempdir().unwrap(), 1, |found| {
        found.locations.push(NewLocation { id: back, code: code.into(), kind: LocationKind::Shelf });
    })
    .await
    .unwrap();
    let (till_id, shelf) = (test.founded.till, test.founded.shelf);
    let change = |from, to| {
        let changes = TillChanges { till_id, name: None, location_id: Some(Edit { from, to }) };
        Command::Settings(settings::Command::ChangeTill(changes))
    };
    test.sell(&[0]).await.unwrap();
    test.run(change(shelf, back)).await.unwrap();
    test.sell(&[0]).await.unwrap();
    test.sell(&[0]).await.unwrap();
    let balances = test.shop.ask(ListProductBalances { product_id: test.founded.products[0] }).await.unwrap();
    let on_hand = |at: LocationId| balances.iter().find(|row| row.location_id == at).map(|row| row.quantity.0);
    assert_eq!((on_hand(shelf), on_hand(back)), (Some(99_000), Some(-2_000)));
    let last = test.shop.ask(LastSale { till_id }).await.unwrap().unwrap();
    let ledger = test.shop.ask(GetSaleLedger { id: last.id }).await.unwrap();
    assert!(ledger.moves.iter().all(|line| line.from_code == code), "{:?}", ledger.moves);
    // Nothing is sold from a place that is none, or where returned goods lie.
    let locations = test.shop.ask(GetSession {}).await.unwrap().unwrap().locations;
    let returns = locations.iter().find(|location| location.kind == LocationKind::Returns).unwrap().id;
    for to in [LocationId(id()), returns] {
        let refused = test.run(change(back, to)).await.map(|_| ());
        assert_eq!(refused, Err(Reject::field(Code::Format, "location")));
    }
    test.verify().await.unwrap();
}

#[tokio::test]
async fn a_days_hours_are_those_of_the_shops_time_zone_and_not_of_this_computer() {
    let mut test = TestShop::new(1).await.unwrap();
    test.sell(&[0]).await.unwrap();
    let last = test.shop.ask(LastSale { till_id: test.founded.till }).await.unwrap().unwrap();
    let mut from = "Asia/Taipei".to_owned();
    // Hours ahead of UTC, where no clock is put forward in summer.
    for (to, ahead) in [("Pacific/Kiritimati", 14), ("Asia/Kolkata", 5), ("Pacific/Pago_Pago", -11)] {
        let time_zone = Some(Edit { from, to: to.to_owned() });
        test.run(Command::Settings(settings::Command::ChangeCompany(Box::new(CompanyChanges { time_zone, ..CompanyChanges::default() }))))
            .await
            .unwrap();
        let half_hours = last.at.0 / 1_800_000 + ahead * 2 + i64::from(ahead == 5);
        for is_reopened in [false, true] {
            if is_reopened {
                test = test.reopen().await.unwrap();
            }
            let day = test.shop.ask(GetDay { business_date: last.business_date }).await.unwrap();
            assert_eq!(day.hours, [((half_hours / 2).rem_euclid(24), Money(10), 1)], "{to}, reopened: {is_reopened}");
        }
        from = to.to_owned();
    }
    let nowhere = CompanyChanges { time_zone: Some(Edit { from, to: "Asia/Atlantis".into() }), ..CompanyChanges::default() };
    let refused = test.run(Command::Settings(settings::Command::ChangeCompany(Box::new(nowhere)))).await.map(|_| ());
    assert_eq!(refused, Err(Reject::field(Code::Format, "time_zone")));
    test.verify().await.unwrap();
}
