//! One command of each kind, each of which the shop takes.

use kontor_domain::attention::{self, Attention};
use kontor_domain::blob::{BlobHash, MediaType};
use kontor_domain::catalog::{
    self, CategoryChanges, CreateProduct, Import, ImportedProduct, NewBarcode, NewCategory, NewTax, ProductChanges, ProductImage, RevertImport,
    TaxChanges,
};
use kontor_domain::command::{Command, Edit, Permission};
use kontor_domain::counter::{self, MoveCash, OpenDrawer, Park, PrintWish, RefundLine, Unpark};
use kontor_domain::counter::{CloseShift, OpenShift};
use kontor_domain::identity::{
    self, BuiltIn, CreateKey, CreatePerson, CreateRole, NetworkRuleKind, NewNetworkRule, PermissionSet, PersonChanges, ProfileChanges, Register,
    RoleChanges,
};
use kontor_domain::ids::{
    ApiKeyId, CashMovementId, CategoryId, DeviceId, LocationId, NetworkRuleId, ParkedCartId, PersonId, PrintJobId, PrinterId, ProductId, RoleId,
    ShiftId, StockDocumentId, TaxId, TillId, WarehouseId,
};
use kontor_domain::printing::{self, PaperDocument, PaperKind, PrintShift, PrintState, Printer, PrinterKind, Report, Reprint, Retry, SavePaper};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::{self, AddTill, AddWarehouse, CompanyChanges, DeviceChanges, TillChanges};
use kontor_domain::stock::{self, Adjust, AdjustLine, LocationKind, MoveReason, NewLocation, Receive, ReceiveLine};
use kontor_domain::testing::{Shop, ShopKind};
use kontor_domain::time::Instant;
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};

/// How many kinds of command there are.
pub const KINDS: usize = 50;

/// Which kind it is. A new kind of command does not compile here until it has a sample below.
pub const fn kind_of(command: &Command) -> usize {
    match command {
        Command::Settings(settings::Command::Found(_)) => 0,
        Command::Settings(settings::Command::ChangeCompany(_)) => 1,
        Command::Settings(settings::Command::ChangeTill(_)) => 2,
        Command::Catalog(catalog::Command::CreateProduct(_)) => 3,
        Command::Catalog(catalog::Command::EditProduct(_)) => 4,
        Command::Catalog(catalog::Command::CreateCategory(_)) => 5,
        Command::Catalog(catalog::Command::EditCategory(_)) => 6,
        Command::Catalog(catalog::Command::CreateTax(_)) => 7,
        Command::Catalog(catalog::Command::EditTax(_)) => 8,
        Command::Catalog(catalog::Command::Import(_)) => 9,
        Command::Catalog(catalog::Command::RevertImport(_)) => 10,
        Command::Stock(stock::Command::Receive(_)) => 11,
        Command::Stock(stock::Command::Adjust(_)) => 12,
        Command::Counter(counter::Command::OpenShift(_)) => 13,
        Command::Counter(counter::Command::CashIn(_)) => 14,
        Command::Counter(counter::Command::CashOut(_)) => 15,
        Command::Counter(counter::Command::CloseShift(_)) => 16,
        Command::Counter(counter::Command::Sell(_)) => 17,
        Command::Counter(counter::Command::Refund(_)) => 18,
        Command::Counter(counter::Command::Park(_)) => 19,
        Command::Counter(counter::Command::Unpark(_)) => 20,
        Command::Counter(counter::Command::OpenDrawer(_)) => 21,
        Command::Printing(printing::Command::SetPrinter(_)) => 22,
        Command::Printing(printing::Command::Reprint(_)) => 23,
        Command::Printing(printing::Command::SavePaper(_)) => 49,
        Command::Printing(printing::Command::PrintShift(_)) => 24,
        Command::Printing(printing::Command::Report(_)) => 25,
        Command::Printing(printing::Command::Retry(_)) => 44,
        Command::Printing(printing::Command::Cancel { .. }) => 45,
        Command::Attention(attention::Command::Resolve { .. }) => 26,
        Command::Settings(settings::Command::AddTill(_)) => 27,
        Command::Settings(settings::Command::AddWarehouse(_)) => 28,
        Command::Settings(settings::Command::AddDevice { .. }) => 29,
        Command::Identity(identity::Command::CreatePerson(_)) => 30,
        Command::Identity(identity::Command::Register(_)) => 31,
        Command::Identity(identity::Command::EditPerson(_)) => 32,
        Command::Identity(identity::Command::EditProfile(_)) => 33,
        Command::Identity(identity::Command::ChangeRole { .. }) => 34,
        Command::Identity(identity::Command::SetActive { .. }) => 35,
        Command::Identity(identity::Command::CreateRole(_)) => 36,
        Command::Identity(identity::Command::EditRole(_)) => 37,
        Command::Identity(identity::Command::RemoveRole { .. }) => 38,
        Command::Identity(identity::Command::CreateKey(_)) => 39,
        Command::Identity(identity::Command::RevokeKey { .. }) => 40,
        Command::Identity(identity::Command::AddNetworkRule(_)) => 41,
        Command::Identity(identity::Command::RemoveNetworkRule { .. }) => 42,
        Command::Settings(settings::Command::ChangeDevice(_)) => 43,
        Command::Settings(settings::Command::SetExpiry { .. }) => 46,
        Command::Catalog(catalog::Command::AddImage(_)) => 47,
        Command::Catalog(catalog::Command::RemoveImage { .. }) => 48,
    }
}

/// A shop with one of everything: product, category, sale, printer, print job, parked cart, import, attention item.
pub struct Furnished {
    pub shop: Shop,
    pub tea: ProductId,
    pub sale: counter::Sale,
    category: CategoryId,
    printer: PrinterId,
    job: PrintJobId,
    parked: ParkedCartId,
    import: Import,
    picture: BlobHash,
    attention: Attention,
    seller: PersonId,
    role: RoleId,
    key: ApiKeyId,
    rule: NetworkRuleId,
}

fn catalog(command: catalog::Command) -> Command {
    Command::Catalog(command)
}

fn new_person(id: PersonId, name: &str) -> CreatePerson {
    CreatePerson {
        id,
        name: name.into(),
        username: name.into(),
        email: format!("{id}@example.com"),
        department: "Shop".into(),
        position: String::new(),
        role_id: RoleId::of(BuiltIn::Seller),
    }
}

/// A picture of a product; its bytes are nowhere, and no command looks for them.
pub fn image(product_id: ProductId, number: u8) -> ProductImage {
    let (sha256, thumbnail) = (BlobHash([number; 32]), BlobHash([number ^ 0xFF; 32]));
    ProductImage { product_id, sha256, position: 0, media_type: MediaType::Jpeg, size: 80_000, width: 800, height: 600, thumbnail }
}

fn counter(command: counter::Command) -> Command {
    Command::Counter(command)
}

impl Furnished {
    pub fn new() -> Self {
        let mut shop = Shop::found(ShopKind::Swiss).unwrap();
        let tea = shop.product(0, UnitPrice(300_000)).unwrap();
        let category = shop.category();
        shop.run(catalog(catalog::Command::CreateCategory(NewCategory { id: category, parent_id: None, name: "Drinks".into(), hue: 1 }))).unwrap();
        let printer = PrinterId(shop.id());
        let row = printer_row(&shop, printer);
        shop.run(Command::Printing(printing::Command::SetPrinter(row))).unwrap();
        let job = PrintJobId(shop.id());
        let cart = shop.cart(vec![shop.line(tea, 0, Quantity(3000), UnitPrice(1_003_000))]);
        let mut sell = shop.sell_for_cash(cart.clone()).unwrap();
        sell.print = Some(PrintWish { job_id: job, printer_id: printer });
        let sale = shop.sell(sell).unwrap();
        let parked = ParkedCartId(shop.id());
        shop.run(counter(counter::Command::Park(Park {
            parked_cart_id: parked,
            till_id: shop.till_id,
            cart,
            name: "Ana".into(),
            tax_number: String::new(),
            replaces: None,
        })))
        .unwrap();
        let import = Import {
            batch_id: shop.batch(),
            categories: Vec::new(),
            rows: vec![ImportedProduct { id: ProductId(shop.id()), before: None, after: shop.draft("I-1", 1, UnitPrice(10_000)) }],
        };
        shop.run(catalog(catalog::Command::Import(import.clone()))).unwrap();
        shop.run(catalog(catalog::Command::AddImage(image(tea, 1)))).unwrap();
        let picture = image(tea, 1).sha256;
        let attention = shop.store.rows::<Attention>().unwrap().remove(0);
        let (seller, role, key, rule) = (PersonId(shop.id()), RoleId(shop.id()), ApiKeyId(shop.id()), NetworkRuleId(shop.id()));
        for command in [
            identity::Command::CreatePerson(new_person(seller, "lin")),
            identity::Command::CreateRole(CreateRole {
                id: role,
                name: "Night".into(),
                permissions: [Permission::StockRead].into_iter().collect(),
                discount_limit: Rate::ZERO,
            }),
            identity::Command::CreateKey(CreateKey { id: key, name: "Web shop".into(), permissions: PermissionSet::default() }),
            identity::Command::AddNetworkRule(NewNetworkRule {
                id: rule,
                kind: NetworkRuleKind::Deny,
                network: "192.0.2.0/24".into(),
                note: String::new(),
            }),
        ] {
            shop.run(Command::Identity(command)).unwrap();
        }
        Self { shop, tea, sale, category, printer, job, parked, import, picture, attention, seller, role, key, rule }
    }

    /// One command of each kind; taken one by one, all but founding are done.
    pub fn samples(&mut self) -> Vec<Command> {
        let mut commands = self.catalog_samples();
        commands.extend(self.counter_samples());
        commands.extend(self.other_samples());
        commands.extend(self.identity_samples());
        commands
    }

    fn catalog_samples(&mut self) -> Vec<Command> {
        let shop = &mut self.shop;
        let mut draft = shop.draft("N-1", 1, UnitPrice(120_000));
        draft.category_id = Some(self.category);
        draft.tags = vec!["new".into(), "茶".into()];
        draft.barcodes = vec![NewBarcode {
            barcode: "4710088412345".into(),
            pack: Quantity(12_000),
            pack_unit: "box".into(),
            pack_price: Some(UnitPrice(1_000_000)),
        }];
        let mut changed = draft.clone();
        changed.code = "P-1".into();
        let edit = ProductChanges {
            price: Some(Edit { from: UnitPrice(300_000), to: UnitPrice(350_000) }),
            barcodes_set: vec![NewBarcode { barcode: "B-2".into(), pack: Quantity::ONE, pack_unit: String::new(), pack_price: None }],
            tags_added: vec!["hot".into()],
            ..ProductChanges::of(self.tea)
        };
        let hue = Some(Edit { from: 1, to: 2 });
        let rate = Some(Edit { from: shop.taxes[0].1, to: Rate(82_000) });
        let mut import = self.import.clone();
        import.batch_id = shop.batch();
        import.categories = vec![NewCategory { id: shop.category(), parent_id: Some(self.category), name: "Tea".into(), hue: 7 }];
        import.rows[0].before = Some(import.rows[0].after.clone());
        import.rows[0].after.price = UnitPrice(99_999);
        [
            catalog::Command::CreateProduct(CreateProduct { id: ProductId(shop.id()), draft }),
            catalog::Command::EditProduct(Box::new(edit)),
            catalog::Command::CreateCategory(NewCategory { id: shop.category(), parent_id: Some(self.category), name: "Food".into(), hue: 3 }),
            catalog::Command::EditCategory(CategoryChanges { id: self.category, name: None, hue, active: None }),
            catalog::Command::CreateTax(NewTax { id: TaxId(shop.id()), name: "New".into(), rate: Rate(1) }),
            catalog::Command::EditTax(TaxChanges { id: shop.taxes[0].0, name: None, rate, active: None }),
            catalog::Command::Import(import),
            catalog::Command::RevertImport(RevertImport { batch_id: self.import.batch_id, product_ids: vec![self.import.rows[0].id] }),
            catalog::Command::AddImage(image(self.tea, 2)),
            catalog::Command::RemoveImage { product_id: self.tea, sha256: self.picture },
        ]
        .map(catalog)
        .into()
    }

    fn counter_samples(&mut self) -> Vec<Command> {
        let shop = &mut self.shop;
        let cash =
            |shop: &mut Shop| MoveCash { movement_id: CashMovementId(shop.id()), shift_id: shop.shift_id, amount: Money(500), reason: "bank".into() };
        let cart = shop.cart(vec![shop.line(self.tea, 0, Quantity(1240), UnitPrice(997_500)), shop.line(self.tea, 1, Quantity(1000), UnitPrice(0))]);
        let mut sell = shop.sell_for_cash(cart.clone()).unwrap();
        sell.parked_cart_id = Some(self.parked);
        sell.customer_name = "王小明".into();
        let refund = shop.refund_of(&self.sale, vec![RefundLine { line: 1, quantity: Quantity(1000) }]).unwrap();
        let park = Park {
            parked_cart_id: ParkedCartId(shop.id()),
            till_id: shop.till_id,
            cart,
            name: String::new(),
            tax_number: String::new(),
            replaces: Some(ParkedCartId(shop.id())),
        };
        let denominations = vec![(Money(100), 13), (Money(5), 1)];
        let close = CloseShift { shift_id: shop.shift_id, denominations, counted: Money(1305) };
        [
            counter::Command::CashIn(cash(shop)),
            counter::Command::CashOut(cash(shop)),
            counter::Command::Sell(Box::new(sell)),
            counter::Command::Refund(Box::new(refund)),
            counter::Command::Park(park),
            counter::Command::Unpark(Unpark { parked_cart_id: self.parked }),
            counter::Command::OpenDrawer(OpenDrawer { shift_id: shop.shift_id, reason: String::new() }),
            counter::Command::CloseShift(close),
            counter::Command::OpenShift(OpenShift {
                shift_id: ShiftId(shop.id()),
                till_id: shop.till_id,
                business_date: shop.today,
                float: Money(0),
            }),
        ]
        .map(counter)
        .into()
    }

    fn identity_samples(&mut self) -> Vec<Command> {
        let shop = &mut self.shop;
        let (person, guest, key, rule, role) =
            (PersonId(shop.id()), PersonId(shop.id()), ApiKeyId(shop.id()), NetworkRuleId(shop.id()), RoleId(shop.id()));
        let name = Some(Edit { from: "lin".into(), to: "Lin Mei".into() });
        let own_name = Some(Edit { from: "Mei".into(), to: "Mei Chen".into() });
        let seller = RoleId::of(BuiltIn::Seller);
        let fewer: PermissionSet = [Permission::CounterSell, Permission::StockRead].into_iter().collect();
        let permissions = Some(Edit { from: BuiltIn::Seller.permissions(), to: fewer.clone() });
        vec![
            identity::Command::CreatePerson(new_person(person, "王小明")),
            identity::Command::Register(Register { id: guest, name: "Guest".into(), username: "guest".into(), email: "guest@example.com".into() }),
            identity::Command::EditPerson(PersonChanges { name, ..PersonChanges::of(self.seller) }),
            identity::Command::EditProfile(ProfileChanges { name: own_name, email: None }),
            identity::Command::ChangeRole { person_id: self.seller, role: Edit { from: seller, to: RoleId::of(BuiltIn::Manager) } },
            identity::Command::SetActive { person_id: self.seller, active: Edit { from: true, to: false } },
            identity::Command::CreateRole(CreateRole { id: role, name: "Day".into(), permissions: fewer, discount_limit: Rate(50_000) }),
            identity::Command::EditRole(RoleChanges { permissions, ..RoleChanges::of(seller) }),
            identity::Command::RemoveRole { id: self.role },
            identity::Command::CreateKey(CreateKey { id: key, name: "Scales".into(), permissions: [Permission::StockRead].into_iter().collect() }),
            identity::Command::RevokeKey { id: self.key },
            identity::Command::AddNetworkRule(NewNetworkRule {
                id: rule,
                kind: NetworkRuleKind::Allow,
                network: "2001:db8::/32".into(),
                note: "home".into(),
            }),
            identity::Command::RemoveNetworkRule { id: self.rule },
        ]
        .into_iter()
        .map(Command::Identity)
        .collect()
    }

    fn other_samples(&mut self) -> Vec<Command> {
        let shop = &mut self.shop;
        let receive = Receive {
            document_id: StockDocumentId(shop.id()),
            location_id: shop.shelf_id,
            note: "delivery 7\nby van".into(),
            business_date: shop.today,
            lines: vec![ReceiveLine { product_id: self.tea, quantity: Quantity(10_000), unit_cost: UnitPrice(123_456) }],
        };
        let adjust = Adjust {
            document_id: StockDocumentId(shop.id()),
            location_id: shop.shelf_id,
            note: String::new(),
            business_date: shop.today,
            lines: vec![AdjustLine { product_id: self.tea, difference: Quantity(-500), reason: MoveReason::Damaged }],
        };
        let name = Some(Edit { from: String::from("Harbour Street"), to: String::from("Harbour Street 2") });
        let till_name = Some(Edit { from: String::new(), to: String::from("Front") });
        let device_name = Some(Edit { from: String::from("Counter"), to: String::from("Counter 1") });
        let row = printer_row(shop, self.printer);
        let (job_id, other_job) = (PrintJobId(shop.id()), PrintJobId(shop.id()));
        let found = shop.founding("CHF");
        let add_till = AddTill {
            till_id: TillId(shop.id()),
            number: 2,
            name: "Back".into(),
            location_id: shop.shelf_id,
            device_id: DeviceId(shop.id()),
            device_name: "Till 2".into(),
        };
        let locations =
            LocationKind::EVERY_WAREHOUSE.iter().map(|kind| NewLocation { id: LocationId(shop.id()), code: kind.word().into(), kind: *kind });
        let locations = locations.collect();
        let add_warehouse = AddWarehouse {
            warehouse_id: WarehouseId(shop.id()),
            name: "Second shop".into(),
            selling_location_id: LocationId(shop.id()),
            selling_location_code: "SHELF".into(),
            locations,
        };
        vec![
            Command::Settings(settings::Command::Found(Box::new(found))),
            Command::Settings(settings::Command::ChangeCompany(Box::new(CompanyChanges { name, ..CompanyChanges::default() }))),
            Command::Settings(settings::Command::ChangeTill(TillChanges { till_id: shop.till_id, name: till_name, location_id: None })),
            Command::Settings(settings::Command::AddTill(add_till)),
            Command::Settings(settings::Command::AddWarehouse(add_warehouse)),
            Command::Settings(settings::Command::AddDevice { device_id: DeviceId(shop.id()), name: "Server".into() }),
            Command::Settings(settings::Command::SetExpiry { expires_at: Edit { from: None, to: Some(Instant(i64::MAX)) } }),
            Command::Settings(settings::Command::ChangeDevice(DeviceChanges { device_id: shop.context.device, name: device_name })),
            Command::Stock(stock::Command::Receive(receive)),
            Command::Stock(stock::Command::Adjust(adjust)),
            Command::Printing(printing::Command::SetPrinter(row)),
            Command::Printing(printing::Command::Reprint(Reprint {
                job_id,
                printer_id: self.printer,
                sale_id: self.sale.id,
                document: PaperDocument::Receipt,
            })),
            Command::Printing(printing::Command::SavePaper(SavePaper { sale_id: self.sale.id, copy: 1 })),
            Command::Printing(printing::Command::PrintShift(PrintShift { job_id: other_job, printer_id: self.printer, shift_id: shop.shift_id })),
            Command::Printing(printing::Command::Cancel { job_id: self.job }),
            Command::Printing(printing::Command::Retry(Retry { job_id: self.job, printer_id: self.printer })),
            Command::Printing(printing::Command::Report(Report {
                job_id: self.job,
                state: PrintState::Done,
                attempts: 1,
                problem: Some(Reject::new(Code::PrinterRefused).with("printer", "no\0paper")),
            })),
            Command::Attention(attention::Command::Resolve { id: self.attention.id }),
        ]
    }
}

fn printer_row(shop: &Shop, id: PrinterId) -> Printer {
    Printer {
        id,
        device_id: shop.context.device,
        name: "Receipts".into(),
        kind: PrinterKind::Network,
        address: "192.168.1.9:9100".into(),
        paper: PaperKind::Roll80,
        charset: "raster".into(),
        has_drawer: true,
        is_default: true,
        active: true,
    }
}
