//! Bad input: each line of the table gets its code, and nothing is half written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod common;

use common::samples::Furnished;
use kontor_domain::catalog::{self, CreateProduct, ImportedProduct, NewBarcode, Product, ProductDraft, ProductKey, RevertImport};
use kontor_domain::command::{Command, Envelope, Mode};
use kontor_domain::counter::{self, CloseShift, OpenShift, Refund, RefundLine, Sell};
use kontor_domain::ids::{DeviceId, ProductId, SaleId, ShiftId, StockDocumentId, TaxId, TillId};
use kontor_domain::printing::{self, PaperDocument};
use kontor_domain::reject::Code;
use kontor_domain::stock::{self, Adjust, AdjustLine, MoveReason, Receive, ReceiveLine};
use kontor_domain::testing::{Failure, Shop, ShopKind};
use kontor_domain::time::BusinessDate;
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};

/// A line of a table: what is wrong, how it is made wrong, the code it gets.
type Row<'a, T> = (&'a str, &'a dyn Fn(&mut T), Code);

fn sell(sell: Sell) -> Command {
    Command::Counter(counter::Command::Sell(Box::new(sell)))
}

fn refuse(shop: &mut Shop, what: &str, command: Command, code: Code) {
    let before = shop.store.everything();
    match shop.run(command) {
        Err(Failure::Reject(reject)) => assert_eq!(reject.code, code, "{what}: {reject:?}"),
        other => panic!("{what}: {other:?}"),
    }
    assert_eq!(shop.store.everything(), before, "{what} left something behind");
}

fn shop() -> (Shop, ProductId) {
    let mut shop = Shop::found(ShopKind::Taiwan).unwrap();
    let tea = shop.product(0, UnitPrice(300_000)).unwrap();
    (shop, tea)
}

fn good_sale(shop: &mut Shop, tea: ProductId) -> Sell {
    let cart = shop.cart(vec![shop.line(tea, 0, Quantity(2000), UnitPrice(300_000))]);
    shop.sell_for_cash(cart).unwrap()
}

#[test]
fn a_bad_sale_is_refused_with_its_code() {
    let (mut shop, tea) = shop();
    type Spoil = fn(&mut Sell);
    let table: &[(&str, Spoil, Code)] = &[
        ("no lines", |sale| sale.cart.lines.clear(), Code::LinesEmpty),
        ("zero quantity", |sale| sale.cart.lines[0].quantity = Quantity(0), Code::OutOfRange),
        ("negative quantity", |sale| sale.cart.lines[0].quantity = Quantity(-1000), Code::OutOfRange),
        ("huge quantity", |sale| sale.cart.lines[0].quantity = Quantity(i64::MAX), Code::OutOfRange),
        ("lowest quantity", |sale| sale.cart.lines[0].quantity = Quantity(i64::MIN), Code::OutOfRange),
        ("negative price", |sale| sale.cart.lines[0].unit_price = UnitPrice(-1), Code::OutOfRange),
        ("huge price", |sale| sale.cart.lines[0].unit_price = UnitPrice(i64::MAX), Code::OutOfRange),
        ("huge list price", |sale| sale.cart.lines[0].list_price = UnitPrice(i64::MAX), Code::OutOfRange),
        ("zero pack", |sale| sale.cart.lines[0].pack = Quantity(0), Code::OutOfRange),
        ("huge pack", |sale| sale.cart.lines[0].pack = Quantity(i64::MAX), Code::OutOfRange),
        ("negative tax", |sale| sale.cart.lines[0].tax_rate = Rate(-1), Code::OutOfRange),
        ("tax over 100 %", |sale| sale.cart.lines[0].tax_rate = Rate(1_000_001), Code::OutOfRange),
        ("discount over 100 %", |sale| sale.cart.discount = counter::cart::Discount::Percent(Rate(1_000_001)), Code::OutOfRange),
        ("discount over the amount", |sale| sale.cart.lines[0].discount = counter::cart::Discount::Amount(Money(61)), Code::OutOfRange),
        ("negative discount", |sale| sale.cart.discount = counter::cart::Discount::Amount(Money(-1)), Code::OutOfRange),
        ("too many lines", |sale| sale.cart.lines = vec![sale.cart.lines[0].clone(); 1001], Code::TooLong),
        ("other figures", |sale| sale.figures.tax = Money(1), Code::Format),
        ("tender short", |sale| sale.tenders[0].amount = Money(59), Code::TenderShort),
        ("no tender", |sale| sale.tenders.clear(), Code::TenderShort),
        ("negative tender", |sale| sale.tenders[0].amount = Money(-60), Code::OutOfRange),
        ("less given than paid", |sale| sale.tenders[0].given = Money(59), Code::OutOfRange),
        (
            "change on a card",
            |sale| {
                sale.tenders[0].kind = counter::TenderKind::Card;
                sale.tenders[0].given = Money(100);
            },
            Code::OutOfRange,
        ),
        ("too many tenders", |sale| sale.tenders = vec![sale.tenders[0].clone(); 21], Code::TooLong),
        ("rounding without step", |sale| sale.rounding = Money(-1), Code::OutOfRange),
        ("lowest rounding", |sale| sale.rounding = Money(i64::MIN), Code::OutOfRange),
        ("long name", |sale| sale.cart.lines[0].name = "長".repeat(10_000), Code::TooLong),
        ("empty name", |sale| sale.cart.lines[0].name = " ".into(), Code::Format),
        ("NUL in a name", |sale| sale.cart.lines[0].name = "a\0b".into(), Code::ForbiddenCharacter),
        ("bidi override", |sale| sale.customer_name = "a\u{202E}b".into(), Code::ForbiddenCharacter),
        ("line separator", |sale| sale.customer_name = "a\u{2028}b".into(), Code::ForbiddenCharacter),
        ("long note", |sale| sale.note = "n".repeat(4001), Code::TooLong),
        ("long tax number", |sale| sale.customer_tax_number = "1".repeat(33), Code::TooLong),
        ("unknown shift", |sale| sale.shift_id = ShiftId(kontor_domain::testing::id_of(1 << 40)), Code::NoOpenShift),
        ("unknown product", |sale| sale.cart.lines[0].product_id = ProductId(kontor_domain::testing::id_of(1 << 40)), Code::ProductNotFound),
    ];
    for (what, spoil, code) in table {
        let mut sale = good_sale(&mut shop, tea);
        spoil(&mut sale);
        refuse(&mut shop, what, sell(sale), *code);
    }
    let mut sale = good_sale(&mut shop, tea);
    sale.cart.lines[0].tax_id = TaxId(shop.id());
    sale.figures = counter::cart::price(&sale.cart).unwrap();
    refuse(&mut shop, "unknown tax class", sell(sale), Code::NotFound);
    shop.store.check_ledgers().unwrap();
    let good = good_sale(&mut shop, tea);
    assert_eq!(shop.sell(good).unwrap().number, "HS-1-1-000001");
}

#[test]
fn a_wrong_number_is_refused_by_sale_refund_and_close() {
    let mut furnished = Furnished::new();
    let samples = furnished.samples();
    for command in samples.into_iter().filter(|command| command.number_kind().is_some()) {
        let stock = matches!(command, Command::Stock(_));
        let mut envelope = furnished.shop.envelope(command);
        let mut run = |envelope: &Envelope| {
            let verdict = furnished.shop.store.run(&furnished.shop.context, envelope);
            verdict.unwrap_err().reject().map(|reject| reject.code)
        };
        envelope.number = envelope
            .number
            .map(|number| kontor_domain::command::DocumentNumber { till_id: TillId(kontor_domain::testing::id_of(1 << 41)), ..number });
        assert_eq!(run(&envelope), Some(if stock { Code::NotFound } else { Code::Format }), "{}", envelope.command.name());
        envelope.number = None;
        assert_eq!(run(&envelope), Some(Code::Format), "{}", envelope.command.name());
    }
}

#[test]
fn a_till_is_touched_by_its_own_device_only() {
    let mut furnished = Furnished::new();
    let samples = furnished.samples();
    furnished.shop.context.device = DeviceId(furnished.shop.id());
    for command in samples {
        let code = match command.name() {
            "counter.sell" | "counter.refund" | "counter.cash_in" | "counter.cash_out" | "counter.open_drawer" | "counter.close_shift" => {
                Code::NoOpenShift
            }
            "counter.open_shift" => Code::Format,
            _ => continue,
        };
        refuse(&mut furnished.shop, "another device", command, code);
    }
}

#[test]
fn a_bad_refund_is_refused_with_its_code() {
    let (mut shop, tea) = shop();
    let sale = good_sale(&mut shop, tea);
    let sale = shop.sell(sale).unwrap();
    let line = |line, quantity| RefundLine { line, quantity: Quantity(quantity) };
    let good = |shop: &mut Shop| shop.refund_of(&sale, vec![line(1, 1000)]).unwrap();
    type Spoil = fn(&mut Refund);
    let table: &[(&str, Spoil, Code)] = &[
        ("no lines", |refund| refund.lines.clear(), Code::LinesEmpty),
        ("unknown sale", |refund| refund.sale_id = SaleId(kontor_domain::testing::id_of(1 << 40)), Code::NotFound),
        ("unknown line", |refund| refund.lines[0].line = 2, Code::NotFound),
        ("zero", |refund| refund.lines[0].quantity = Quantity(0), Code::OutOfRange),
        ("negative", |refund| refund.lines[0].quantity = Quantity(-1), Code::OutOfRange),
        ("huge", |refund| refund.lines[0].quantity = Quantity(i64::MAX), Code::MoreThanRefundable),
        ("the same line twice", |refund| refund.lines.push(refund.lines[0].clone()), Code::Format),
        ("other total", |refund| refund.total = Money(31), Code::Format),
        (
            "less than the total",
            |refund| {
                refund.tenders[0].amount = Money(29);
                refund.tenders[0].given = Money(29);
            },
            Code::TenderShort,
        ),
        (
            "more than the total",
            |refund| {
                refund.tenders[0].amount = Money(31);
                refund.tenders[0].given = Money(31);
            },
            Code::OutOfRange,
        ),
        ("control character", |refund| refund.note = "\u{7}".into(), Code::ForbiddenCharacter),
    ];
    for (what, spoil, code) in table {
        let mut refund = good(&mut shop);
        spoil(&mut refund);
        refuse(&mut shop, what, Command::Counter(counter::Command::Refund(Box::new(refund))), *code);
    }
    let mut refund = good(&mut shop);
    refund.refund_id = sale.id;
    refuse(&mut shop, "the sale's own id", Command::Counter(counter::Command::Refund(Box::new(refund))), Code::CodeInUse);
    let refund = good(&mut shop);
    shop.close(Money(0)).unwrap();
    refuse(&mut shop, "closed shift", Command::Counter(counter::Command::Refund(Box::new(refund))), Code::NoOpenShift);
}

#[test]
fn a_bad_shift_is_refused_with_its_code() {
    let (mut shop, _) = shop();
    let open = |shop: &mut Shop| OpenShift { shift_id: ShiftId(shop.id()), till_id: shop.till_id, business_date: shop.today, float: Money(100) };
    let command = |open| Command::Counter(counter::Command::OpenShift(open));
    let first = shop.shift_id;
    let second = open(&mut shop);
    refuse(&mut shop, "a shift is open", command(second), Code::ShiftOpen);
    let close = |counted, denominations| {
        Command::Counter(counter::Command::CloseShift(CloseShift { shift_id: first, denominations, counted: Money(counted) }))
    };
    refuse(&mut shop, "negative count", close(-1, vec![]), Code::OutOfRange);
    refuse(&mut shop, "huge count", close(i64::MAX, vec![]), Code::OutOfRange);
    refuse(&mut shop, "notes do not sum", close(100, vec![(Money(50), 1)]), Code::Format);
    refuse(&mut shop, "notes overflow", close(100, vec![(Money(i64::MAX), i64::MAX)]), Code::OutOfRange);
    refuse(&mut shop, "negative notes", close(100, vec![(Money(100), -1)]), Code::OutOfRange);
    shop.run(close(1000, vec![(Money(500), 2)])).unwrap();
    refuse(&mut shop, "closed already", close(1000, vec![]), Code::NoOpenShift);
    let spoilt = |shop: &mut Shop, spoil: fn(&mut OpenShift)| {
        let mut bad = open(shop);
        spoil(&mut bad);
        command(bad)
    };
    let bad = spoilt(&mut shop, |open| open.float = Money(-1));
    refuse(&mut shop, "negative float", bad, Code::OutOfRange);
    let bad = spoilt(&mut shop, |open| open.business_date = "2026-09-20".parse().unwrap());
    refuse(&mut shop, "before the last day", bad, Code::ClockSetBack);
    for date in [chrono::NaiveDate::MAX, chrono::NaiveDate::MIN] {
        let mut bad = open(&mut shop);
        bad.business_date = BusinessDate(date);
        refuse(&mut shop, "a day no calendar shows", command(bad), Code::OutOfRange);
    }
    let mut bad = open(&mut shop);
    bad.shift_id = first;
    refuse(&mut shop, "the id of a closed shift", command(bad), Code::CodeInUse);
    let mut bad = open(&mut shop);
    bad.till_id = TillId(shop.id());
    refuse(&mut shop, "unknown till", command(bad), Code::NotFound);
    let good = open(&mut shop);
    shop.run(command(good)).unwrap();
    shop.store.check_ledgers().unwrap();
}

#[test]
fn bad_stock_documents_are_refused_with_their_code() {
    let (mut shop, tea) = shop();
    let receive = |shop: &mut Shop, spoil: &dyn Fn(&mut Receive)| {
        let lines = vec![ReceiveLine { product_id: tea, quantity: Quantity(1000), unit_cost: UnitPrice(10_000) }];
        let mut receive =
            Receive { document_id: StockDocumentId(shop.id()), location_id: shop.shelf_id, note: String::new(), business_date: shop.today, lines };
        spoil(&mut receive);
        Command::Stock(stock::Command::Receive(receive))
    };
    let unknown = ProductId(shop.id());
    let supplier = shop.store.rows::<stock::Location>().unwrap().into_iter().find(|row| row.kind == stock::LocationKind::Supplier).unwrap().id;
    let table: &[Row<'_, Receive>] = &[
        ("no lines", &|document| document.lines.clear(), Code::LinesEmpty),
        ("too many", &|document| document.lines = vec![document.lines[0].clone(); 501], Code::TooLong),
        ("zero", &|document| document.lines[0].quantity = Quantity(0), Code::OutOfRange),
        ("negative", &|document| document.lines[0].quantity = Quantity(-5), Code::OutOfRange),
        ("huge", &|document| document.lines[0].quantity = Quantity(i64::MAX), Code::OutOfRange),
        ("negative cost", &|document| document.lines[0].unit_cost = UnitPrice(-1), Code::OutOfRange),
        ("huge cost", &|document| document.lines[0].unit_cost = UnitPrice(i64::MAX), Code::OutOfRange),
        ("unknown product", &|document| document.lines[0].product_id = unknown, Code::ProductNotFound),
        ("unknown place", &|document| document.location_id.0 = unknown.0, Code::NotFound),
        ("a place that is none", &|document| document.location_id = supplier, Code::Format),
        ("note with NUL", &|document| document.note = "\0".into(), Code::ForbiddenCharacter),
        ("a day no calendar shows", &|document| document.business_date = BusinessDate(chrono::NaiveDate::MAX), Code::OutOfRange),
    ];
    for (what, spoil, code) in table {
        let command = receive(&mut shop, spoil);
        refuse(&mut shop, what, command, *code);
    }
    for (what, difference, reason, code) in [
        ("nothing", 0, MoveReason::Counted, Code::OutOfRange),
        ("lowest", i64::MIN, MoveReason::Counted, Code::OutOfRange),
        ("a sale by hand", 1000, MoveReason::Sale, Code::Format),
    ] {
        let lines = vec![AdjustLine { product_id: tea, difference: Quantity(difference), reason }];
        let adjust =
            Adjust { document_id: StockDocumentId(shop.id()), location_id: shop.shelf_id, note: String::new(), business_date: shop.today, lines };
        refuse(&mut shop, what, Command::Stock(stock::Command::Adjust(adjust)), code);
    }
}

#[test]
fn bad_products_are_refused_with_their_code() {
    let (mut shop, tea) = shop();
    let barcode = |text: &str| NewBarcode { barcode: text.into(), pack: Quantity::ONE, pack_unit: String::new(), pack_price: None };
    let create = |shop: &mut Shop, spoil: &dyn Fn(&mut ProductDraft)| {
        let mut draft = shop.draft("N", 0, UnitPrice(10_000));
        spoil(&mut draft);
        Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id: ProductId(shop.id()), draft }))
    };
    let first = create(&mut shop, &|draft| {
        draft.code = "FIRST".into();
        draft.barcodes = vec![barcode("471")];
    });
    shop.run(first).unwrap();
    let unknown = TaxId(shop.id());
    let table: &[Row<'_, ProductDraft>] = &[
        ("code in use", &|draft| draft.code = "FIRST".into(), Code::CodeInUse),
        ("barcode in use", &|draft| draft.barcodes = vec![barcode("471")], Code::CodeInUse),
        ("a barcode twice", &|draft| draft.barcodes = vec![barcode("472"), barcode("472")], Code::CodeInUse),
        ("no code", &|draft| draft.code.clear(), Code::Format),
        ("long code", &|draft| draft.code = "9".repeat(65), Code::TooLong),
        ("long name", &|draft| draft.name = "名".repeat(10_000), Code::TooLong),
        ("control", &|draft| draft.name = "a\u{1b}[2J".into(), Code::ForbiddenCharacter),
        ("negative price", &|draft| draft.price = UnitPrice(-1), Code::OutOfRange),
        ("huge price", &|draft| draft.price = UnitPrice(i64::MAX), Code::OutOfRange),
        ("unknown tax class", &|draft| draft.tax_id = unknown, Code::NotFound),
        ("low threshold", &|draft| draft.low_threshold = Quantity(-2), Code::LowThreshold),
        ("high threshold", &|draft| draft.high_threshold = Quantity(i64::MIN), Code::HighThreshold),
        (
            "high below low",
            &|draft| {
                draft.low_threshold = Quantity(9);
                draft.high_threshold = Quantity(9);
            },
            Code::HighMustExceedLow,
        ),
        ("too many tags", &|draft| draft.tags = (0..51).map(|tag| tag.to_string()).collect(), Code::TooLong),
        ("zero pack", &|draft| draft.barcodes = vec![NewBarcode { pack: Quantity(0), ..barcode("473") }], Code::OutOfRange),
    ];
    for (what, spoil, code) in table {
        let command = create(&mut shop, spoil);
        refuse(&mut shop, what, command, *code);
    }
    let mut again = shop.draft("M", 0, UnitPrice(1));
    again.name = "Other".into();
    refuse(&mut shop, "an id in use", Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id: tea, draft: again })), Code::CodeInUse);
}

#[test]
fn names_of_every_script_and_text_that_looks_like_sql_are_kept_as_they_are() {
    let (mut shop, _) = shop();
    for (count, name) in ["🍍🧋 👨‍👩‍👧", "عسل طبيعي", "שוקולד", "𠮷野家", "Robert'); DROP TABLE product;--", "% _ \\ \" ' $1 ?1", "<b>&amp;</b>", "=1+1"]
        .iter()
        .enumerate()
    {
        let id = ProductId(shop.id());
        let mut draft = shop.draft(&format!("T-{count}"), 0, UnitPrice(10_000));
        draft.name = (*name).into();
        draft.tags = vec![(*name).into()];
        shop.run(Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id, draft }))).unwrap();
        assert_eq!(shop.store.row::<Product>(&ProductKey { id }).unwrap().unwrap().name, *name);
    }
}

#[test]
fn paper_of_a_shift_is_not_a_copy_of_a_sale() {
    let mut furnished = Furnished::new();
    for command in furnished.samples() {
        if let Command::Printing(printing::Command::Reprint(mut reprint)) = command {
            reprint.document = PaperDocument::ShiftReport;
            refuse(&mut furnished.shop, "reprint", Command::Printing(printing::Command::Reprint(reprint)), Code::Format);
        }
    }
}

#[test]
fn an_import_is_undone_in_few_load_rounds() {
    let (mut shop, _) = shop();
    let barcode = |text: String| NewBarcode { barcode: text, pack: Quantity::ONE, pack_unit: String::new(), pack_price: None };
    let ids: Vec<ProductId> = (0..40).map(|_| ProductId(shop.id())).collect();
    let draft = |shop: &Shop, row: usize, text: &str| {
        let mut draft = shop.draft(&format!("{text}-{row}"), row, UnitPrice(10_000));
        draft.barcodes = vec![barcode(format!("{text}{row}"))];
        draft
    };
    let rows = |shop: &Shop, before: Option<&str>, after: &str| -> Vec<ImportedProduct> {
        ids.iter()
            .enumerate()
            .map(|(row, id)| ImportedProduct { id: *id, before: before.map(|text| draft(shop, row, text)), after: draft(shop, row, after) })
            .collect()
    };
    let import = |shop: &mut Shop, before: Option<&str>, after: &str| {
        let import = catalog::Import { batch_id: shop.batch(), categories: Vec::new(), rows: rows(shop, before, after) };
        let batch_id = import.batch_id;
        shop.run(Command::Catalog(catalog::Command::Import(import))).unwrap();
        batch_id
    };
    shop.store.cold = true;
    import(&mut shop, None, "A");
    let batch_id = import(&mut shop, Some("A"), "B");
    let before: Vec<String> = shop.store.rows::<Product>().unwrap().into_iter().map(|row| row.code).collect();
    assert!(before.contains(&"B-7".into()));
    shop.run(Command::Catalog(catalog::Command::RevertImport(RevertImport { batch_id, product_ids: ids.clone() }))).unwrap();
    assert!(shop.store.rounds_last <= 4, "{} rounds", shop.store.rounds_last);
    let after: Vec<String> = shop.store.rows::<Product>().unwrap().into_iter().map(|row| row.code).collect();
    assert!(after.contains(&"A-7".into()) && !after.contains(&"B-7".into()));
}

#[test]
fn a_fact_executed_again_stands_and_what_it_breaks_is_written_down() {
    let (mut shop, tea) = shop();
    let late = good_sale(&mut shop, tea);
    let id = late.sale_id;
    shop.close(Money(1000)).unwrap();
    shop.context.mode = Mode::Again;
    shop.run(sell(late)).unwrap();
    assert!(shop.sale(id).is_ok());
    let items = shop.store.rows::<kontor_domain::attention::Attention>().unwrap();
    assert!(items.iter().any(|item| item.kind == kontor_domain::attention::AttentionKind::RuleBroken && item.args.contains("17001")), "{items:?}");
}
