//! What a shop does in its first days, done on both engines at once.

use std::collections::BTreeSet;

use kontor_desktop::platform;
use kontor_domain::attention::{self, ListAttention};
use kontor_domain::catalog::{
    self, CategoryChanges, ExportProducts, FindBarcodes, FindCodes, GetProduct, Import, ImportedProduct, ListCategories, ListImported, ListImports,
    ListProducts, ListTaxes, ListTiles, NewBarcode, NewCategory, NewTax, ProductChanges, ProductDraft, ProductFilter, ProductSort, RevertImport,
    ScanCode, SearchProducts, TaxChanges,
};
use kontor_domain::command::{Ask, Command, Edit, Query};
use kontor_domain::counter::cart::{Cart, Discount, price};
use kontor_domain::counter::{
    self, CloseShift, FindSale, GetParked, GetSale, GetSaleLedger, GetShift, LastSale, ListParked, ListSales, ListShifts, MoveCash, OpenDrawer,
    OpenShift, Park, Refund, RefundLine, SaleFilter, SaleKind, Sell, Tender, TenderKind, Unpark, refund_figures, refund_tenders,
};
use kontor_domain::ids::{
    BatchId, CashMovementId, CategoryId, CommandId, DeviceId, LocationId, ParkedCartId, PersonId, PrintJobId, PrinterId, ProductId, SaleId, ShiftId,
    StockDocumentId, TaxId, TillId, WarehouseId,
};
use kontor_domain::printing::{
    self, ListPrintJobs, ListPrinters, PaperDocument, PaperKind, PrintShift, PrintState, Printer, PrinterKind, Report, Reprint,
};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::reports::GetDay;
use kontor_domain::settings::{self, CompanyChanges, GetSession, TaxMode};
use kontor_domain::stock::{self, Adjust, AdjustLine, ListBalances, ListDocuments, ListMoves, LocationKind, MoveReason, NewLocation};
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use kontor_store::installation::Installation;
use kontor_store::reader::Asker;
use kontor_sync::authority::Done;
use kontor_tests::engine::{Engine, asker, fresh_ids};
use kontor_tests::postgres::Database;
use kontor_tests::shop::{Founded, cart_line, id, product_command, receive_command, sale_command};

/// The same company on both engines.
pub struct Both {
    pub sqlite: Engine,
    pub postgres: Engine,
    pub database: Database,
    pub folder: tempfile::TempDir,
    pub ids: Installation,
    now: std::cell::Cell<i64>,
    pub asked: std::cell::RefCell<BTreeSet<&'static str>>,
    pub done: std::cell::RefCell<BTreeSet<&'static str>>,
}

impl Both {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::new().await.unwrap();
        Self {
            sqlite: Engine::sqlite(&folder.path().join("shop.kontor")).await.unwrap(),
            postgres: Engine::postgres(&database.url).await.unwrap(),
            database,
            folder,
            ids: fresh_ids(),
            now: std::cell::Cell::new(platform::now().0),
            asked: std::cell::RefCell::default(),
            done: std::cell::RefCell::default(),
        }
    }

    /// Executes the same envelope on both; the verdict, which must be one.
    pub async fn try_run(&self, command: Command) -> Result<Done, Reject> {
        self.try_run_by(self.ids, command).await
    }

    /// The same of somebody else.
    pub async fn run_as(&self, person: PersonId, command: Command) -> Done {
        self.try_run_by(Installation { person, ..self.ids }, command).await.unwrap()
    }

    async fn try_run_by(&self, ids: Installation, command: Command) -> Result<Done, Reject> {
        self.now.set(self.now.get() + 1);
        self.done.borrow_mut().insert(command.name());
        let (command_id, at) = (CommandId(id()), Instant(self.now.get()));
        let one = self.sqlite.run(ids, command_id, command.clone(), at).await;
        let other = self.postgres.run(ids, command_id, command.clone(), at).await;
        assert_eq!(one, other, "{command:?}");
        let again = self.postgres.run(ids, command_id, command, at).await;
        if let (Ok(first), Ok(again)) = (&other, &again) {
            assert!(again.receipt.repeated && again.receipt.number == first.receipt.number && again.receipt.rev == first.receipt.rev);
        }
        one
    }

    pub async fn run(&self, command: Command) -> Done {
        let name = command.name();
        self.try_run(command).await.unwrap_or_else(|reject| panic!("{name}: {reject}"))
    }

    pub async fn refuse(&self, command: Command, code: Code) {
        assert_eq!(self.try_run(command).await.map_err(|reject| reject.code).map(|_| ()), Err(code));
    }

    /// The day's documents are behind the horizon of both.
    pub async fn forget_history(&self, day: BusinessDate) {
        let tomorrow = BusinessDate(day.0.succ_opt().unwrap());
        self.now.set(self.now.get() + 1);
        let (command_id, at) = (CommandId(id()), Instant(self.now.get()));
        for engine in [&self.sqlite, &self.postgres] {
            engine.forget_history(self.ids.company, command_id, tomorrow, at).await.unwrap();
        }
    }

    pub fn asker(&self, date: BusinessDate) -> Asker {
        asker(self.ids, Instant(self.now.get()), date)
    }

    /// Asks both; the answer, which must be one.
    pub async fn ask<Q: Ask>(&self, founded: &Founded, question: Q) -> Q::Answer {
        let query: Query = question.into();
        self.asked.borrow_mut().insert(query.name());
        let asker = self.asker(founded.date);
        let one = self.sqlite.ask(&asker, &query).await.unwrap();
        let other = self.postgres.ask(&asker, &query).await.unwrap();
        assert_eq!(one, other, "{query:?}");
        serde_json::from_value(one).unwrap()
    }
}

fn draft(founded: &Founded, code: &str, name: &str) -> ProductDraft {
    let Command::Catalog(catalog::Command::CreateProduct(create)) = product_command(founded, 0) else { panic!("a product") };
    let barcodes =
        vec![NewBarcode { barcode: format!("B-{code}"), pack: Quantity(12_000), pack_unit: "box".into(), pack_price: Some(UnitPrice(1_000_000)) }];
    ProductDraft { code: code.into(), name: name.into(), barcodes, tags: vec!["禮盒".into(), "gift".into()], favourite: None, ..create.draft }
}

/// Names that a JSON text, a LIKE or a search would take for something else.
const NAMES: &[&str] = &[
    "Robert'); DROP TABLE product;--",
    r#"{"a": [1, "\u0041", null]} \ / "quoted""#,
    "100 %_off! 50%",
    "🍍 cake 𠮷野家",
    "عسل طبيعي",
    "鳳梨酥　ＡＢＣ＇full＇",
    "Ünïcödé Straße",
    "a & b | c:* <-> !d '' \\'",
    "凤凰卷 简体",
];

fn sell(founded: &Founded, cart: Cart, tenders: Option<Vec<Tender>>) -> Sell {
    let sell = Sell::for_exact_cash(SaleId(id()), founded.shift, cart, Money(1)).unwrap();
    Sell {
        tenders: tenders.unwrap_or_else(|| sell.tenders.clone()),
        customer_name: "O'Brien 李".into(),
        customer_tax_number: "24536806".into(),
        note: "line one\nline two".into(),
        ..sell
    }
}

pub async fn fill_catalogue(both: &Both, founded: &Founded) {
    for index in 0..founded.products.len() {
        both.run(product_command(founded, index)).await;
    }
    both.refuse(product_command(founded, 0), Code::CodeInUse).await;
    let category = CategoryId(id());
    let catalog = |command| Command::Catalog(command);
    both.run(catalog(catalog::Command::CreateCategory(NewCategory { id: category, parent_id: None, name: "甜點 Sweets".into(), hue: 3 }))).await;
    let child = NewCategory { id: CategoryId(id()), parent_id: Some(category), name: "Cake".into(), hue: 7 };
    both.run(catalog(catalog::Command::CreateCategory(child))).await;
    let hue = CategoryChanges { id: category, name: None, hue: Some(Edit { from: 3, to: 4 }), active: None };
    both.run(catalog(catalog::Command::EditCategory(hue))).await;
    let tax = TaxId(id());
    both.run(catalog(catalog::Command::CreateTax(NewTax { id: tax, name: "Zero".into(), rate: Rate(0) }))).await;
    let name = TaxChanges { id: tax, name: Some(Edit { from: "Zero".into(), to: "零稅率".into() }), rate: None, active: None };
    both.run(catalog(catalog::Command::EditTax(name))).await;
    for (index, name) in NAMES.iter().enumerate() {
        let create = catalog::CreateProduct { id: ProductId(id()), draft: draft(founded, &format!("X{index}"), name) };
        both.run(catalog(catalog::Command::CreateProduct(create))).await;
    }
    let mut changes = ProductChanges::of(founded.products[0]);
    changes.category_id = Some(Edit { from: None, to: Some(category) });
    changes.low_threshold = Some(Edit { from: Quantity(-1), to: Quantity(500_000) });
    changes.barcodes_set = vec![NewBarcode { barcode: "4710000000999".into(), pack: Quantity::ONE, pack_unit: String::new(), pack_price: None }];
    changes.barcodes_removed = vec!["4710000000001".into()];
    changes.tags_added = vec!["new".into()];
    both.run(catalog(catalog::Command::EditProduct(Box::new(changes.clone())))).await;
    changes.low_threshold = Some(Edit { from: Quantity(7), to: Quantity(8) });
    both.refuse(catalog(catalog::Command::EditProduct(Box::new(changes))), Code::ChangedMeanwhile).await;
    import(both, founded).await;
}

async fn import(both: &Both, founded: &Founded) {
    let batch_id = BatchId(id());
    let before = both.ask(founded, GetProduct { id: founded.products[1] }).await.unwrap().draft;
    let after = ProductDraft { price: UnitPrice(990_000), tags: vec!["imported".into()], ..before.clone() };
    let mut rows = vec![ImportedProduct { id: founded.products[1], before: Some(before), after }];
    let fresh: Vec<ProductId> = (0..20).map(|_| ProductId(id())).collect();
    rows.extend(fresh.iter().enumerate().map(|(index, id)| ImportedProduct {
        id: *id,
        before: None,
        after: draft(founded, &format!("I{index}"), &format!("Imported {index} 匯入")),
    }));
    let import = Import { batch_id, categories: vec![NewCategory { id: CategoryId(id()), parent_id: None, name: "New".into(), hue: 0 }], rows };
    both.run(Command::Catalog(catalog::Command::Import(import))).await;
    let product_ids = vec![founded.products[1], fresh[0], fresh[1]];
    both.run(Command::Catalog(catalog::Command::RevertImport(RevertImport { batch_id, product_ids }))).await;
    let left = both.ask(founded, ListImported { batch_id, after: None, limit: 500 }).await;
    assert_eq!(left.len(), 18);
}

pub async fn trade(both: &Both, founded: &Founded) {
    both.run(receive_command(founded, Quantity(5_000), UnitPrice(61_234))).await;
    both.run(receive_command(founded, Quantity(1_500), UnitPrice(70_001))).await;
    let lines = vec![
        AdjustLine { product_id: founded.products[0], difference: Quantity(-500), reason: MoveReason::Damaged },
        AdjustLine { product_id: founded.products[1], difference: Quantity(250), reason: MoveReason::Found },
    ];
    let adjust = Adjust { document_id: StockDocumentId(id()), location_id: founded.shelf, note: "盤點".into(), business_date: founded.date, lines };
    both.run(Command::Stock(stock::Command::Adjust(adjust))).await;
    both.run(sale_command(founded, &[0, 1, 2]).unwrap()).await;
    let mut cart =
        Cart { tax_mode: TaxMode::Inclusive, lines: vec![cart_line(founded, 3), cart_line(founded, 4)], discount: Discount::Amount(Money(7)) };
    cart.lines[0].quantity = Quantity(2_345);
    cart.lines[1].discount = Discount::Percent(Rate(125_000));
    cart.lines[1].quantity = Quantity(20_000);
    let total = price(&cart).unwrap().total;
    let card = Tender { kind: TenderKind::Card, amount: Money(100), given: Money(100), reference: "1234".into() };
    let cash = Tender { kind: TenderKind::Cash, amount: Money(total.0 - 100), given: Money(total.0), reference: String::new() };
    let mixed = sell(founded, cart.clone(), Some(vec![card, cash]));
    let command = |sell: &Sell| Command::Counter(counter::Command::Sell(Box::new(sell.clone())));
    both.run(command(&mixed)).await;
    both.refuse(command(&mixed), Code::CodeInUse).await;
    both.refuse(command(&sell(founded, cart.clone(), Some(Vec::new()))), Code::TenderShort).await;
    refund(both, founded, mixed.sale_id).await;
    let park = |parked_cart_id| {
        Command::Counter(counter::Command::Park(Park {
            parked_cart_id,
            till_id: founded.till,
            cart: cart.clone(),
            name: "王".into(),
            tax_number: String::new(),
            replaces: None,
        }))
    };
    let (kept, taken) = (ParkedCartId(id()), ParkedCartId(id()));
    both.run(park(kept)).await;
    both.run(park(taken)).await;
    both.run(Command::Counter(counter::Command::Unpark(Unpark { parked_cart_id: taken }))).await;
    both.ask(founded, GetParked { id: kept }).await.unwrap();
    assert_eq!(both.ask(founded, ListParked { till_id: founded.till }).await.len(), 1);
    both.run(Command::Counter(counter::Command::OpenDrawer(OpenDrawer { shift_id: founded.shift, reason: "change".into() }))).await;
    let cash = |amount| MoveCash { movement_id: CashMovementId(id()), shift_id: founded.shift, amount, reason: "找零".into() };
    both.run(Command::Counter(counter::Command::CashIn(cash(Money(500))))).await;
    both.run(Command::Counter(counter::Command::CashOut(cash(Money(123))))).await;
}

async fn refund(both: &Both, founded: &Founded, sale_id: SaleId) {
    let detail = both.ask(founded, GetSale { id: sale_id }).await.unwrap();
    let lines = vec![RefundLine { line: 1, quantity: Quantity(1_000) }];
    let (total, _) = refund_figures(&detail.sale, &detail.lines, &detail.refunded, &lines).unwrap();
    let (tenders, rounding) = refund_tenders(&detail.sale, &detail.tenders, &detail.given_back, total, Money(1)).unwrap();
    let shift_id = founded.shift;
    let refund = Refund {
        refund_id: SaleId(id()),
        shift_id,
        sale_id,
        lines,
        total,
        tenders,
        rounding,
        note: "broken".into(),
        restock: false,
        print: None,
        sold: None,
        approval: None,
    };
    both.run(Command::Counter(counter::Command::Refund(Box::new(refund.clone())))).await;
    let too_much = Refund { refund_id: SaleId(id()), lines: vec![RefundLine { line: 1, quantity: Quantity(2_000) }], ..refund };
    both.refuse(Command::Counter(counter::Command::Refund(Box::new(too_much))), Code::MoreThanRefundable).await;
}

pub async fn print(both: &Both, founded: &Founded) {
    let printing = |command| Command::Printing(command);
    let printer = Printer {
        id: PrinterId(id()),
        device_id: both.ids.device,
        name: "Counter".into(),
        kind: PrinterKind::Network,
        address: "127.0.0.1:9100".into(),
        paper: PaperKind::Roll80,
        charset: "big5".into(),
        has_drawer: true,
        is_default: true,
        active: true,
    };
    both.run(printing(printing::Command::SetPrinter(printer.clone()))).await;
    let second = Printer { id: PrinterId(id()), name: "Office".into(), ..printer.clone() };
    both.run(printing(printing::Command::SetPrinter(second))).await;
    let last = both.ask(founded, LastSale { till_id: founded.till }).await.unwrap();
    let job_id = PrintJobId(id());
    let reprint = Reprint { job_id, printer_id: printer.id, sale_id: last.id, document: PaperDocument::Receipt };
    both.run(printing(printing::Command::Reprint(reprint))).await;
    both.run(printing(printing::Command::SavePaper(printing::SavePaper { sale_id: last.id, copy: 1 }))).await;
    both.run(printing(printing::Command::PrintShift(PrintShift { job_id: PrintJobId(id()), printer_id: printer.id, shift_id: founded.shift }))).await;
    let report = Report { job_id, state: PrintState::Failed, attempts: 4, problem: Some(Reject::new(Code::PrinterAway).with("printer", "Counter")) };
    both.run(printing(printing::Command::Report(report))).await;
    both.run(printing(printing::Command::Retry(printing::Retry { job_id, printer_id: printer.id }))).await;
    both.run(printing(printing::Command::Cancel { job_id })).await;
}

/// Every question, in several forms.
pub async fn ask_all(both: &Both, founded: &Founded, next_shift: ShiftId) {
    for text in [
        "鳳",
        "凤梨",
        "imp",
        "P1",
        "b-x0",
        "4710000000999",
        "'; DROP",
        "\\",
        "100 %",
        "🍍",
        "straße",
        "STRASSE",
        "a & b",
        "new",
        "",
        "عسل",
        "full",
        "𠮷",
    ] {
        both.ask(founded, SearchProducts { text: text.into(), limit: 20 }).await;
        for (sort, low) in [
            (ProductSort::Name, false),
            (ProductSort::Code, true),
            (ProductSort::Price, false),
            (ProductSort::OnHand, false),
            (ProductSort::Newest, true),
        ] {
            for archived in [false, true] {
                let filter = ProductFilter { text: text.into(), archived, low, sort, ..ProductFilter::default() };
                both.ask(founded, ListProducts { filter, offset: 1, limit: 7 }).await;
            }
        }
        for only_low in [false, true] {
            both.ask(founded, ListBalances { text: text.into(), location_id: None, only_low, offset: 0, limit: 50 }).await;
        }
        for kind in [None, Some(SaleKind::Sale), Some(SaleKind::Refund)] {
            both.ask(
                founded,
                ListSales {
                    filter: SaleFilter { text: text.into(), business_date: None, kind, warehouse_id: None, order: None },
                    offset: 0,
                    limit: 50,
                },
            )
            .await;
        }
    }
    // By tag (禮盒, gift), by one character and more, and by a name in the other script (鳳梨酥 and 凤凰卷 are stored).
    for (text, part) in [
        ("gift", "X5"),
        ("禮盒", "X5"),
        ("礼盒", "X5"),
        ("礼", "X5"),
        ("凤", "X5"),
        ("凤梨", "X5"),
        ("鳳梨酥", "X5"),
        ("鳳凰", "X8"),
        ("凤凰卷", "X8"),
        ("龍蝦", ""),
    ] {
        let found = both.ask(founded, SearchProducts { text: text.into(), limit: 500 }).await;
        assert_eq!(found.iter().any(|hit| hit.code == part), !part.is_empty(), "{text}: {found:?}");
    }
    for text in ["O'BRIEN", "o'brien", "TS-1", "ts-1", "李", "2453"] {
        let filter = SaleFilter { text: text.into(), business_date: Some(founded.date), kind: None, warehouse_id: None, order: None };
        assert!(both.ask(founded, ListSales { filter, offset: 0, limit: 50 }).await.total > 0, "{text}");
    }
    let all = both.ask(founded, ListProducts { filter: ProductFilter::default(), offset: 0, limit: 500 }).await;
    assert!(all.total > 20, "{}", all.total);
    for hit in &all.rows {
        both.ask(founded, GetProduct { id: hit.id }).await.unwrap();
        both.ask(founded, ScanCode { code: hit.code.clone() }).await;
        both.ask(founded, ScanCode { code: format!("B-{}", hit.code) }).await;
    }
    both.ask(founded, FindCodes { codes: all.rows.iter().map(|hit| hit.code.clone()).collect() }).await;
    both.ask(founded, FindBarcodes { barcodes: vec!["B-X0".into(), "4710000000999".into(), "none".into()] }).await;
    let exported = both.ask(founded, ExportProducts { after: None, limit: 5 }).await;
    both.ask(founded, ExportProducts { after: exported.last().map(|product| product.id), limit: 500 }).await;
    let categories = both.ask(founded, ListCategories {}).await;
    for category_id in categories.iter().map(|category| Some(category.id)).chain([None]) {
        both.ask(founded, ListTiles { category_id, limit: 50 }).await;
        let filter = ProductFilter { category_id, ..ProductFilter::default() };
        both.ask(founded, ListProducts { filter, offset: 0, limit: 50 }).await;
    }
    both.ask(founded, ListTaxes {}).await;
    both.ask(founded, ListImports { limit: 10 }).await;
    for product_id in [None, Some(founded.products[3])] {
        for location_id in [None, Some(founded.shelf)] {
            both.ask(founded, ListMoves { product_id, location_id, order: None, offset: 0, limit: 500 }).await;
        }
    }
    both.ask(founded, ListBalances { text: String::new(), location_id: Some(founded.shelf), only_low: false, offset: 2, limit: 3 }).await;
    assert_eq!(both.ask(founded, ListDocuments { offset: 0, limit: 50 }).await.total, 3);
    let sales = both.ask(founded, ListSales { filter: SaleFilter::default(), offset: 0, limit: 500 }).await;
    for sale in &sales.rows {
        both.ask(founded, GetSale { id: sale.id }).await.unwrap();
        both.ask(founded, FindSale { number: sale.number.clone() }).await.unwrap();
        let ledger = both.ask(founded, GetSaleLedger { id: sale.id }).await;
        assert_eq!(ledger.postings.iter().map(|posting| posting.amount.0).sum::<i64>(), 0);
    }
    both.ask(founded, FindSale { number: "none".into() }).await;
    for id in [founded.shift, next_shift, ShiftId(id())] {
        both.ask(founded, GetShift { id }).await;
    }
    both.ask(founded, ListShifts { till_id: founded.till, offset: 0, limit: 10 }).await;
    both.ask(founded, ListPrinters { device_id: both.ids.device }).await;
    for state in [None, Some(PrintState::Waiting), Some(PrintState::Failed)] {
        both.ask(founded, ListPrintJobs { state, offset: 0, limit: 10 }).await;
    }
    both.ask(founded, ListAttention { offset: 0, limit: 10 }).await;
    both.ask(founded, GetSession {}).await.unwrap();
    let day = both.ask(founded, GetDay { business_date: founded.date }).await;
    assert!(day.sales > 2 && !day.hours.is_empty() && day.top.len() > 3, "{day:?}");
}

pub async fn settle(both: &Both, founded: &Founded) -> ShiftId {
    let items = both.ask(founded, ListAttention { offset: 0, limit: 10 }).await;
    assert!(!items.rows.is_empty(), "stock went below zero");
    both.run(Command::Attention(attention::Command::Resolve { id: items.rows[0].id })).await;
    let company = CompanyChanges { phone: Some(Edit { from: String::new(), to: "02-1234".into() }), ..CompanyChanges::default() };
    both.run(Command::Settings(settings::Command::ChangeCompany(Box::new(company)))).await;
    let till = settings::TillChanges { till_id: founded.till, name: Some(Edit { from: String::new(), to: "Front".into() }), location_id: None };
    both.run(Command::Settings(settings::Command::ChangeTill(till))).await;
    let locations =
        LocationKind::EVERY_WAREHOUSE.iter().map(|kind| NewLocation { id: LocationId(id()), code: kind.word().to_uppercase(), kind: *kind });
    let shelf = LocationId(id());
    let warehouse = settings::AddWarehouse {
        warehouse_id: WarehouseId(id()),
        name: "Second".into(),
        selling_location_id: shelf,
        selling_location_code: "S2".into(),
        locations: locations.collect(),
    };
    both.run(Command::Settings(settings::Command::AddWarehouse(warehouse))).await;
    let till = settings::AddTill {
        till_id: TillId(id()),
        number: 2,
        name: "Back".into(),
        location_id: shelf,
        device_id: DeviceId(id()),
        device_name: "Laptop".into(),
    };
    both.run(Command::Settings(settings::Command::AddTill(till))).await;
    let device_id = DeviceId(id());
    both.run(Command::Settings(settings::Command::AddDevice { device_id, name: "Server".into() })).await;
    let name = Some(Edit { from: "Server".into(), to: "伺服器".into() });
    both.run(Command::Settings(settings::Command::ChangeDevice(settings::DeviceChanges { device_id, name }))).await;
    both.run(Command::Counter(counter::Command::CloseShift(CloseShift {
        shift_id: founded.shift,
        denominations: Vec::new(),
        counted: Money(5_000),
    })))
    .await;
    both.refuse(sale_command(founded, &[0]).unwrap(), Code::NoOpenShift).await;
    let shift_id = ShiftId(id());
    let open = OpenShift { shift_id, till_id: founded.till, business_date: founded.date, float: Money(1_000) };
    both.run(Command::Counter(counter::Command::OpenShift(open))).await;
    both.run(sale_command(&Founded { shift: shift_id, ..founded.clone() }, &[0, 0, 4]).unwrap()).await;
    shift_id
}
