//! A shop on a real file in a folder of its own, with a handful of products.

use anyhow::Context as _;
use kontor_desktop::platform;
use kontor_desktop::shop::Shop;
use kontor_domain::catalog::{self, CreateProduct, NewBarcode, NewTax, ProductDraft, THRESHOLD_OFF};
use kontor_domain::command::Command;
use kontor_domain::counter::cart::{Cart, CartLine, Discount};
use kontor_domain::counter::{self, Refund, RefundLine, Sell, Tender, TenderKind};
use kontor_domain::host::{ShopFile, VerifyReport};
use kontor_domain::ids::{CommandId, LocationId, PersonId, ProductId, SaleId, ShiftId, StockDocumentId, TaxId, TillId, WarehouseId};
use kontor_domain::reject::Reject;
use kontor_domain::settings::{self, Found, TaxMode};
use kontor_domain::stock::{self, LocationKind, NewLocation, Receive, ReceiveLine};
use kontor_domain::time::BusinessDate;
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use kontor_domain::zone::{self, Zone};
use kontor_store::sqlite::Synchronous;
use kontor_sync::authority::Done;
use uuid::Uuid;

use crate::books::agreed;

/// The float of the first shift.
pub const FLOAT: Money = Money(5000);

/// Ids of a founded shop.
#[derive(Clone, Debug)]
pub struct Founded {
    /// The open shift.
    pub shift: ShiftId,
    /// The till.
    pub till: TillId,
    /// Where it sells from.
    pub shelf: LocationId,
    /// The tax class.
    pub tax: TaxId,
    /// Products of 10, 20, 30 … dollars.
    pub products: Vec<ProductId>,
    /// Today, where the shop is.
    pub date: BusinessDate,
}

/// A new id.
pub fn id() -> Uuid {
    Uuid::now_v7()
}

/// The command that founds a test shop, and its ids.
pub fn found_command(owner: PersonId, products: usize) -> (Command, Founded) {
    let founded = Founded {
        shift: ShiftId(id()),
        till: TillId(id()),
        shelf: LocationId(id()),
        tax: TaxId(id()),
        products: (0..products).map(|_| ProductId(id())).collect(),
        date: zone::today(Zone::Asia__Taipei, platform::now()),
    };
    let found = Found {
        name: "測試門市 Test".into(),
        code: "TS".into(),
        tax_number: "24536806".into(),
        phone: String::new(),
        address: String::new(),
        currency: "TWD".into(),
        tax_mode: TaxMode::Inclusive,
        time_zone: "Asia/Taipei".into(),
        locale: "zh-Hant".into(),
        receipt_footer: String::new(),
        demo: false,
        taxes: vec![NewTax { id: founded.tax, name: "VAT 5 %".into(), rate: Rate(50_000) }],
        owner_id: owner,
        owner_name: "Owner".into(),
        warehouse_id: WarehouseId(id()),
        warehouse_name: "Shop".into(),
        selling_location_id: founded.shelf,
        selling_location_code: "SHOP".into(),
        locations: LocationKind::EVERY_WAREHOUSE
            .iter()
            .map(|kind| NewLocation { id: LocationId(id()), code: kind.word().into(), kind: *kind })
            .collect(),
        till_id: founded.till,
        device_name: "Till 1".into(),
        shift_id: founded.shift,
        float: FLOAT,
        business_date: founded.date,
    };
    (Command::Settings(settings::Command::Found(Box::new(found))), founded)
}

/// The barcode of the product at a place of the list.
pub fn barcode(index: usize) -> String {
    format!("47100000{:05}", index + 1)
}

/// Creates the product at a place of the list.
pub fn product_command(founded: &Founded, index: usize) -> Command {
    let number = i64::try_from(index).unwrap_or(0) + 1;
    let draft = ProductDraft {
        code: format!("P{number}"),
        name: format!("鳳梨酥 Product {number}"),
        description: String::new(),
        unit: "pcs".into(),
        category_id: None,
        tax_id: founded.tax,
        price: UnitPrice(number * 10 * UnitPrice::PER_MINOR_UNIT),
        low_threshold: THRESHOLD_OFF,
        high_threshold: THRESHOLD_OFF,
        favourite: Some(number),
        active: true,
        barcodes: vec![NewBarcode { barcode: barcode(index), pack: Quantity::ONE, pack_unit: String::new(), pack_price: None }],
        tags: Vec::new(),
    };
    Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id: founded.products[index], draft }))
}

/// A sale of some products, one each, for exact cash.
pub fn sale_command(founded: &Founded, indexes: &[usize]) -> Result<Command, Reject> {
    let lines = indexes.iter().map(|index| cart_line(founded, *index)).collect();
    let cart = Cart { tax_mode: TaxMode::Inclusive, lines, discount: Discount::None };
    let sell = Sell::for_exact_cash(SaleId(id()), founded.shift, cart, Money(1))?;
    Ok(Command::Counter(counter::Command::Sell(Box::new(sell))))
}

/// Lines of a sale given back in cash, on sale again.
pub fn cash_refund(shift_id: ShiftId, sale_id: SaleId, lines: Vec<RefundLine>, total: Money) -> Refund {
    Refund {
        refund_id: SaleId(id()),
        shift_id,
        sale_id,
        lines,
        total,
        tenders: vec![Tender { kind: TenderKind::Cash, amount: total, given: total, reference: String::new() }],
        rounding: Money::ZERO,
        note: String::new(),
        restock: true,
        print: None,
        sold: None,
        approval: None,
    }
}

/// One piece of a product in a cart.
pub fn cart_line(founded: &Founded, index: usize) -> CartLine {
    let number = i64::try_from(index).unwrap_or(0) + 1;
    let price = UnitPrice(number * 10 * UnitPrice::PER_MINOR_UNIT);
    CartLine {
        product_id: founded.products[index],
        code: format!("P{number}"),
        name: format!("鳳梨酥 Product {number}"),
        unit: "pcs".into(),
        barcode: String::new(),
        pack: Quantity::ONE,
        quantity: Quantity::ONE,
        list_price: price,
        unit_price: price,
        discount: Discount::None,
        tax_id: founded.tax,
        tax_name: "VAT 5 %".into(),
        tax_rate: Rate(50_000),
    }
}

/// Receives so many of each product at a cost.
pub fn receive_command(founded: &Founded, quantity: Quantity, unit_cost: UnitPrice) -> Command {
    let lines = founded.products.iter().map(|product_id| ReceiveLine { product_id: *product_id, quantity, unit_cost }).collect();
    let receive = Receive { document_id: StockDocumentId(id()), location_id: founded.shelf, note: String::new(), business_date: founded.date, lines };
    Command::Stock(stock::Command::Receive(receive))
}

/// A founded shop on a file.
#[derive(Debug)]
pub struct TestShop {
    /// The open shop.
    pub shop: Shop,
    /// Its ids.
    pub founded: Founded,
    /// The folder; removed with the value.
    pub folder: tempfile::TempDir,
}

impl TestShop {
    /// Founds a shop with some products and 100 of each on the shelf.
    pub async fn new(products: usize) -> anyhow::Result<Self> {
        Self::new_in(tempfile::tempdir()?, products).await
    }

    /// The same in a folder of the caller's choice (a small disk).
    pub async fn new_in(folder: tempfile::TempDir, products: usize) -> anyhow::Result<Self> {
        Self::found_with(folder, products, |_| {}).await
    }

    /// The same founded a little otherwise.
    pub async fn found_with(folder: tempfile::TempDir, products: usize, change: impl FnOnce(&mut Found)) -> anyhow::Result<Self> {
        let shop = Shop::open(&folder.path().join("shop.kontor"), ShopFile::Own, Synchronous::Full).await?;
        let (mut command, founded) = found_command(shop.installation.person, products);
        if let Command::Settings(settings::Command::Found(found)) = &mut command {
            change(found);
        }
        let test = Self { shop, founded, folder };
        test.run(command).await?;
        for index in 0..products {
            test.run(product_command(&test.founded, index)).await?;
        }
        if products > 0 {
            test.run(receive_command(&test.founded, Quantity(100_000), UnitPrice(6 * UnitPrice::PER_MINOR_UNIT))).await?;
        }
        Ok(test)
    }

    /// Executes a command, now.
    pub async fn run(&self, command: Command) -> Result<Done, Reject> {
        self.shop.submit(CommandId(id()), command, platform::now()).await
    }

    /// Sells some products for exact cash.
    pub async fn sell(&self, indexes: &[usize]) -> Result<Done, Reject> {
        self.run(sale_command(&self.founded, indexes)?).await
    }

    /// Recomputes everything; an error names the first difference.
    pub async fn verify(&self) -> anyhow::Result<VerifyReport> {
        agreed(self.shop.reader().verify(&self.shop.asker(), &|_, _| {}).await?)
    }

    /// Closes and opens the file again.
    pub async fn reopen(self) -> anyhow::Result<Self> {
        let path = self.shop.path().to_owned();
        self.shop.close().await;
        let shop = Shop::open(&path, ShopFile::Own, Synchronous::Full).await.context("reopen")?;
        Ok(Self { shop, ..self })
    }
}
