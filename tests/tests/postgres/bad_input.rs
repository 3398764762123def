//! Bad input on real databases: each line of the tables gets its code on both engines, and nothing is half written.

use std::collections::BTreeMap;

use kontor_domain::catalog::{self, CreateProduct, GetProduct, NewBarcode, ProductDraft};
use kontor_domain::cell::{CellKind, Value};
use kontor_domain::command::Command;
use kontor_domain::counter::cart::Discount;
use kontor_domain::counter::{self, CloseShift, MoveCash, OpenShift, Sell};
use kontor_domain::ids::{CashMovementId, ProductId, SaleId, ShiftId, StockDocumentId};
use kontor_domain::reject::Code;
use kontor_domain::stock::{self, Adjust, AdjustLine, MoveReason, Receive};
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use kontor_domain::world::Table;
use kontor_tests::shop::{Founded, found_command, id, product_command, receive_command, sale_command};

use crate::script::Both;
use crate::{CELLS_OF_LOG, cells_of, postgres_rows, sqlite_rows};

/// A line of a table: what is wrong, how it is made wrong, the code it gets.
type Spoil<T> = (&'static str, fn(&mut T), Code);

const SALES: &[Spoil<Sell>] = &[
    ("no lines", |sale| sale.cart.lines.clear(), Code::LinesEmpty),
    ("zero quantity", |sale| sale.cart.lines[0].quantity = Quantity(0), Code::OutOfRange),
    ("negative quantity", |sale| sale.cart.lines[0].quantity = Quantity(-1000), Code::OutOfRange),
    ("huge quantity", |sale| sale.cart.lines[0].quantity = Quantity(i64::MAX), Code::OutOfRange),
    ("lowest quantity", |sale| sale.cart.lines[0].quantity = Quantity(i64::MIN), Code::OutOfRange),
    ("negative price", |sale| sale.cart.lines[0].unit_price = UnitPrice(-1), Code::OutOfRange),
    ("huge price", |sale| sale.cart.lines[0].unit_price = UnitPrice(i64::MAX), Code::OutOfRange),
    ("huge pack", |sale| sale.cart.lines[0].pack = Quantity(i64::MAX), Code::OutOfRange),
    ("tax over 100 %", |sale| sale.cart.lines[0].tax_rate = Rate(1_000_001), Code::OutOfRange),
    ("negative discount", |sale| sale.cart.discount = Discount::Amount(Money(-1)), Code::OutOfRange),
    ("too many lines", |sale| sale.cart.lines = vec![sale.cart.lines[0].clone(); 1001], Code::TooLong),
    ("other figures", |sale| sale.figures.tax = Money(9), Code::Format),
    ("no tender", |sale| sale.tenders.clear(), Code::TenderShort),
    ("negative tender", |sale| sale.tenders[0].amount = Money(-60), Code::OutOfRange),
    ("lowest rounding", |sale| sale.rounding = Money(i64::MIN), Code::OutOfRange),
    ("a name of 10,000 characters", |sale| sale.cart.lines[0].name = "長".repeat(10_000), Code::TooLong),
    ("a name of 10,000 emoji", |sale| sale.cart.lines[0].name = "🍍".repeat(10_000), Code::TooLong),
    ("NUL in a name", |sale| sale.cart.lines[0].name = "a\0b".into(), Code::ForbiddenCharacter),
    ("another direction", |sale| sale.customer_name = "a\u{202E}b".into(), Code::ForbiddenCharacter),
    ("another line", |sale| sale.customer_name = "a\u{2028}b".into(), Code::ForbiddenCharacter),
    ("a long note", |sale| sale.note = "n".repeat(10_000), Code::TooLong),
    ("unknown shift", |sale| sale.shift_id = ShiftId(id()), Code::NoOpenShift),
    ("unknown product", |sale| sale.cart.lines[0].product_id = ProductId(id()), Code::ProductNotFound),
];

const PRODUCTS: &[Spoil<ProductDraft>] = &[
    ("code in use", |draft| draft.code = "P1".into(), Code::CodeInUse),
    ("barcode in use", |draft| draft.barcodes = vec![barcode("4710000000001")], Code::CodeInUse),
    ("a barcode twice", |draft| draft.barcodes = vec![barcode("472"), barcode("472")], Code::CodeInUse),
    ("no code", |draft| draft.code.clear(), Code::Format),
    ("a code of 10,000 characters", |draft| draft.code = "9".repeat(10_000), Code::TooLong),
    ("a name of 10,000 characters", |draft| draft.name = "名".repeat(10_000), Code::TooLong),
    ("a terminal's command", |draft| draft.name = "a\u{1b}[2J".into(), Code::ForbiddenCharacter),
    ("NUL", |draft| draft.description = "\0".into(), Code::ForbiddenCharacter),
    ("another direction", |draft| draft.tags = vec!["a\u{202E}b".into()], Code::ForbiddenCharacter),
    ("negative price", |draft| draft.price = UnitPrice(-1), Code::OutOfRange),
    ("huge price", |draft| draft.price = UnitPrice(i64::MAX), Code::OutOfRange),
    ("high threshold", |draft| draft.high_threshold = Quantity(i64::MIN), Code::HighThreshold),
    ("zero pack", |draft| draft.barcodes = vec![NewBarcode { pack: Quantity(0), ..barcode("473") }], Code::OutOfRange),
];

const RECEIPTS: &[Spoil<Receive>] = &[
    ("no lines", |document| document.lines.clear(), Code::LinesEmpty),
    ("too many lines", |document| document.lines = vec![document.lines[0].clone(); 501], Code::TooLong),
    ("zero", |document| document.lines[0].quantity = Quantity(0), Code::OutOfRange),
    ("negative", |document| document.lines[0].quantity = Quantity(-5), Code::OutOfRange),
    ("huge", |document| document.lines[0].quantity = Quantity(i64::MAX), Code::OutOfRange),
    ("negative cost", |document| document.lines[0].unit_cost = UnitPrice(-1), Code::OutOfRange),
    ("huge cost", |document| document.lines[0].unit_cost = UnitPrice(i64::MAX), Code::OutOfRange),
    ("unknown product", |document| document.lines[1].product_id = ProductId(id()), Code::ProductNotFound),
    ("a note with NUL", |document| document.note = "\0".into(), Code::ForbiddenCharacter),
];

/// Names of every script, and text that a database or a page would take for something else.
const NAMES: &[&str] = &[
    "🍍🧋 👨‍👩‍👧",
    "عسل طبيعي",
    "שוקולד",
    "𠮷野家",
    "Robert'); DROP TABLE product;--",
    "% _ \\ \" ' $1 ?1",
    "<b>&amp;</b>",
    "=1+1",
    "{\"a\": \"\\u0000\"}",
];

fn barcode(text: &str) -> NewBarcode {
    NewBarcode { barcode: text.into(), pack: Quantity::ONE, pack_unit: String::new(), pack_price: None }
}

/// Everything that either engine holds.
type Everything = BTreeMap<&'static str, (Vec<Vec<Value>>, Vec<Vec<Value>>)>;

async fn everything(both: &Both) -> Everything {
    let file = rusqlite::Connection::open(both.folder.path().join("shop.kontor")).unwrap();
    let mut connection = both.database.connect().await.unwrap();
    let clock = vec![("company", CellKind::Id), ("rev", CellKind::Int), ("last_at", CellKind::Int)];
    let mut found = Everything::new();
    let tables = Table::ALL.iter().map(|table| (table.info().name, cells_of(table.info())));
    for (table, cells) in tables.chain([("command_log", CELLS_OF_LOG.to_vec()), ("clock", clock)]) {
        found.insert(table, (sqlite_rows(&file, table, &cells), postgres_rows(&mut connection, table, &cells).await));
    }
    found
}

/// Refused on both engines, with its code, and neither holds anything else than before.
async fn refuse(both: &Both, before: &Everything, what: &str, command: Command, code: Code) {
    let name = command.name();
    let verdict = both.try_run(command).await.map_err(|reject| reject.code).map(|_| ());
    assert_eq!(verdict, Err(code), "{name}: {what}");
    for (table, rows) in everything(both).await {
        assert!(before[table] == rows, "{name}: {what} left something in {table}");
    }
}

#[tokio::test]
async fn bad_input_is_refused_with_its_code_on_both_engines_and_leaves_nothing() {
    let both = Both::new().await;
    let (command, founded) = found_command(both.ids.person, 3);
    both.run(command).await;
    for index in 0..3 {
        both.run(product_command(&founded, index)).await;
    }
    both.run(receive_command(&founded, Quantity(5_000), UnitPrice(60_000))).await;
    let before = everything(&both).await;
    let Command::Counter(counter::Command::Sell(sale)) = sale_command(&founded, &[0, 1, 2]).unwrap() else { panic!("a sale") };
    for (what, spoil, code) in SALES {
        let mut bad = Sell { sale_id: SaleId(id()), ..(*sale).clone() };
        spoil(&mut bad);
        refuse(&both, &before, what, Command::Counter(counter::Command::Sell(Box::new(bad))), *code).await;
    }
    let Command::Catalog(catalog::Command::CreateProduct(pattern)) = product_command(&founded, 0) else { panic!("a product") };
    let draft = ProductDraft { code: "NEW".into(), barcodes: Vec::new(), ..pattern.draft };
    for (what, spoil, code) in PRODUCTS {
        let mut bad = draft.clone();
        spoil(&mut bad);
        refuse(&both, &before, what, Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id: ProductId(id()), draft: bad })), *code)
            .await;
    }
    let again = CreateProduct { id: founded.products[0], draft: draft.clone() };
    refuse(&both, &before, "an id in use", Command::Catalog(catalog::Command::CreateProduct(again)), Code::CodeInUse).await;
    for (what, spoil, code) in RECEIPTS {
        let Command::Stock(stock::Command::Receive(mut bad)) = receive_command(&founded, Quantity(1_000), UnitPrice(1)) else { panic!("goods") };
        spoil(&mut bad);
        refuse(&both, &before, what, Command::Stock(stock::Command::Receive(bad)), *code).await;
    }
    refuse_money_and_differences(&both, &before, &founded).await;
    keep_names(&both, &founded, &draft).await;
    assert_eq!(both.run(Command::Counter(counter::Command::Sell(sale))).await.receipt.number.as_deref(), Some("TS-1-1-000001"), "no number was lost");
    assert_eq!(both.sqlite.differences(&both.asker(founded.date)).await.unwrap(), Vec::new());
    assert_eq!(both.postgres.differences(&both.asker(founded.date)).await.unwrap(), Vec::new());
}

async fn refuse_money_and_differences(both: &Both, before: &Everything, founded: &Founded) {
    for (what, amount, reason, code) in [
        ("nothing", 0, "stamps", Code::OutOfRange),
        ("less than nothing", -1, "stamps", Code::OutOfRange),
        ("lowest", i64::MIN, "stamps", Code::OutOfRange),
        ("huge", i64::MAX, "stamps", Code::OutOfRange),
        ("for no reason", 5, " ", Code::Format),
        ("a bell", 5, "\u{7}", Code::ForbiddenCharacter),
    ] {
        let cash = MoveCash { movement_id: CashMovementId(id()), shift_id: founded.shift, amount: Money(amount), reason: reason.into() };
        refuse(both, before, what, Command::Counter(counter::Command::CashIn(cash.clone())), code).await;
        refuse(both, before, what, Command::Counter(counter::Command::CashOut(cash)), code).await;
    }
    for counted in [-1, i64::MIN, i64::MAX] {
        let close = CloseShift { shift_id: founded.shift, denominations: Vec::new(), counted: Money(counted) };
        refuse(both, before, "counted", Command::Counter(counter::Command::CloseShift(close)), Code::OutOfRange).await;
    }
    let open = OpenShift { shift_id: ShiftId(id()), till_id: founded.till, business_date: founded.date, float: Money(1) };
    refuse(both, before, "a second shift", Command::Counter(counter::Command::OpenShift(open)), Code::ShiftOpen).await;
    for (what, difference, reason, code) in [
        ("nothing", 0, MoveReason::Counted, Code::OutOfRange),
        ("lowest", i64::MIN, MoveReason::Counted, Code::OutOfRange),
        ("a sale by hand", 1000, MoveReason::Sale, Code::Format),
    ] {
        let lines = vec![AdjustLine { product_id: founded.products[0], difference: Quantity(difference), reason }];
        let document_id = StockDocumentId(id());
        let adjust = Adjust { document_id, location_id: founded.shelf, note: String::new(), business_date: founded.date, lines };
        refuse(both, before, what, Command::Stock(stock::Command::Adjust(adjust)), code).await;
    }
}

/// What is no bad input: names are kept to the letter.
async fn keep_names(both: &Both, founded: &Founded, draft: &ProductDraft) {
    for (count, name) in NAMES.iter().enumerate() {
        let id = ProductId(id());
        let draft = ProductDraft { code: format!("N{count}"), name: (*name).into(), tags: vec![(*name).into()], ..draft.clone() };
        both.run(Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id, draft }))).await;
        let kept = both.ask(founded, GetProduct { id }).await.unwrap().draft;
        assert_eq!((kept.name.as_str(), kept.tags.as_slice()), (*name, [(*name).to_owned()].as_slice()));
    }
}
