//! The demo shop: made of the same commands a shop is made of, so that every figure in it has its ledger lines.

use chrono::{Days, TimeDelta};
use kontor_domain::catalog::{self, Import, ImportedProduct, NewBarcode, NewCategory, NewTax, ProductDraft, THRESHOLD_OFF};
use kontor_domain::command::Command;
use kontor_domain::counter::cart::{Cart, CartLine, Discount, exact_cash, price};
use kontor_domain::counter::{self, CloseShift, OpenShift, Refund, RefundLine, Sell, Tender, TenderKind};
use kontor_domain::ids::{BatchId, CategoryId, CommandId, LocationId, ProductId, SaleId, ShiftId, StockDocumentId, TaxId, TillId, WarehouseId};
use kontor_domain::reject::Reject;
use kontor_domain::settings::{self, Found, TaxMode};
use kontor_domain::stock::{self, LocationKind, NewLocation, Receive, ReceiveLine};
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use kontor_domain::zone::{self, Zone};
use kontor_sync::authority::Done;
use serde::Deserialize;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::platform;
use crate::program::internal;
use crate::shop::Shop;

/// Products of the demo.
const PRODUCTS: usize = 2000;
/// These sell best.
const BEST: usize = 24;
/// Of one of them there is not enough, so that "needs attention" has something to show.
const SHORT: usize = 21;
/// Days of sales before today.
const DAYS: u64 = 14;
/// Sales of a day.
const SALES_A_DAY: u64 = 42;
/// Every so many sales the buyer is named, and one of a day's sales comes back.
const NAMED_EVERY: u64 = 6;
const COMES_BACK: u64 = 9;
/// One line in so many is cheaper, by this.
const CHEAPER_EVERY: u64 = 25;
const CHEAPER: Discount = Discount::Percent(Rate(100_000));
const HOUR_MS: i64 = 3_600_000;
/// How long the shop is open on a day.
const LONG_MS: i64 = 11 * HOUR_MS;

/// Names and prices the demo is made of, in three languages (`demo/catalogue.json`).
#[derive(Debug, Deserialize)]
struct Catalogue {
    shop: Words,
    owner: Words,
    warehouse: Words,
    shelf: Words,
    tax: Words,
    device: Words,
    footer: Words,
    customers: Vec<Customer>,
    categories: Vec<Category>,
    sizes: Vec<Words>,
}

/// Who is named on a sale.
#[derive(Debug, Deserialize)]
struct Customer {
    name: Words,
    tax_number: String,
}

#[derive(Debug, Deserialize)]
struct Category {
    name: Words,
    hue: i64,
    makers: Vec<Words>,
    items: Vec<(Words, i64)>,
}

/// English, Traditional, Simplified.
#[derive(Debug, Deserialize)]
struct Words(String, String, String);

impl Words {
    fn say(&self, locale: &str) -> &str {
        match locale {
            "zh-Hant" => &self.1,
            "zh-Hans" => &self.2,
            _ => &self.0,
        }
    }
}

/// A generator of small numbers: the demo is the same each time but for its dates.
struct Dice(u64);

impl Dice {
    const fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn id() -> Uuid {
    Uuid::now_v7()
}

struct Maker<'a> {
    shop: &'a Shop,
    locale: &'a str,
    dice: Dice,
    tax_id: TaxId,
    tax_name: String,
    shelf: LocationId,
    till: TillId,
    products: Vec<(ProductId, ProductDraft)>,
    waiting: Vec<oneshot::Receiver<Result<Done, Reject>>>,
}

/// Fills a fresh file. `progress` is told (done, of).
pub async fn fill(shop: &Shop, locale: &str, progress: &(dyn Fn(i64, i64) + Send + Sync)) -> Result<(), Reject> {
    let catalogue: Catalogue = serde_json::from_str(include_str!("../demo/catalogue.json")).map_err(internal)?;
    let total = 2 + i64::try_from(DAYS).unwrap_or(14);
    let zone = zone::of(&platform::time_zone());
    let today = zone::today(zone, platform::now());
    let first = BusinessDate(today.0.checked_sub_days(Days::new(DAYS)).unwrap_or(today.0));
    let mut maker = Maker {
        shop,
        locale,
        dice: Dice(0x9E37_79B9_7F4A_7C15),
        tax_id: TaxId(id()),
        tax_name: catalogue.tax.say(locale).to_owned(),
        shelf: LocationId(id()),
        till: TillId(id()),
        products: Vec::new(),
        waiting: Vec::new(),
    };
    let start = hours(zone, first).0;
    let mut shift = ShiftId(id());
    maker.found(&catalogue, shift, first, start)?;
    progress(1, total);
    maker.stock_up(&catalogue, first, start)?;
    maker.wait().await?;
    progress(2, total);
    for day in 0..=DAYS {
        let date = BusinessDate(first.0.checked_add_days(Days::new(day)).unwrap_or(first.0));
        let (opened, length_ms) = hours(zone, date);
        if day > 0 {
            shift = ShiftId(id());
            let open = OpenShift { shift_id: shift, till_id: maker.till, business_date: date, float: Money(5000) };
            maker.send(Command::Counter(counter::Command::OpenShift(open)), opened)?;
        }
        let is_today = day == DAYS;
        let cash = maker.sell_day(&catalogue, shift, opened, length_ms, if is_today { SALES_A_DAY / 3 } else { SALES_A_DAY })?;
        if !is_today {
            let counted = cash.plus(Money(5000))?;
            let close = CloseShift { shift_id: shift, denominations: Vec::new(), counted };
            maker.send(Command::Counter(counter::Command::CloseShift(close)), Instant(opened.0 + length_ms + HOUR_MS / 2))?;
        }
        maker.wait().await?;
        progress(2 + i64::try_from(day).unwrap_or(0), total);
    }
    Ok(())
}

/// When the shop opens on a day, and for how many milliseconds. Today it is open till now, for two hours at least.
fn hours(zone: Zone, date: BusinessDate) -> (Instant, i64) {
    let nine = date.0.and_hms_opt(9, 0, 0).unwrap_or_default() - TimeDelta::minutes(zone::utc_offset_minutes(zone, date));
    let (opened, now) = (nine.and_utc().timestamp_millis(), platform::now().0);
    let opened = if opened + LONG_MS > now { opened.min(now - 2 * HOUR_MS) } else { opened };
    (Instant(opened), LONG_MS.min(now - opened))
}

impl Maker<'_> {
    fn send(&mut self, command: Command, at: Instant) -> Result<(), Reject> {
        // Nothing of the demo happens after now.
        let at = Instant(at.0.min(platform::now().0));
        self.waiting.push(self.shop.send(CommandId(id()), command, at)?);
        Ok(())
    }

    async fn wait(&mut self) -> Result<(), Reject> {
        for answer in self.waiting.drain(..) {
            answer.await.map_err(internal)??;
        }
        Ok(())
    }

    fn found(&mut self, catalogue: &Catalogue, shift_id: ShiftId, business_date: BusinessDate, at: Instant) -> Result<(), Reject> {
        let say = |words: &Words| words.say(self.locale).to_owned();
        let locations = LocationKind::EVERY_WAREHOUSE
            .iter()
            .map(|kind| NewLocation { id: LocationId(id()), code: kind.word().to_uppercase().replace('_', "-"), kind: *kind })
            .collect();
        let found = Found {
            name: say(&catalogue.shop),
            code: "HS".to_owned(),
            tax_number: "24536806".to_owned(),
            phone: "02-2388-1024".to_owned(),
            address: String::new(),
            currency: if self.locale == "zh-Hans" { "CNY".to_owned() } else { "TWD".to_owned() },
            tax_mode: TaxMode::Inclusive,
            time_zone: platform::time_zone(),
            locale: self.locale.to_owned(),
            receipt_footer: say(&catalogue.footer),
            demo: true,
            taxes: vec![NewTax { id: self.tax_id, name: self.tax_name.clone(), rate: Rate(50_000) }],
            owner_id: self.shop.installation.person,
            owner_name: say(&catalogue.owner),
            warehouse_id: WarehouseId(id()),
            warehouse_name: say(&catalogue.warehouse),
            selling_location_id: self.shelf,
            selling_location_code: say(&catalogue.shelf),
            locations,
            till_id: self.till,
            device_name: say(&catalogue.device),
            shift_id,
            float: Money(5000),
            business_date,
        };
        self.send(Command::Settings(settings::Command::Found(Box::new(found))), at)
    }

    /// Makes the products and receives them.
    fn stock_up(&mut self, catalogue: &Catalogue, business_date: BusinessDate, at: Instant) -> Result<(), Reject> {
        let categories: Vec<NewCategory> = catalogue
            .categories
            .iter()
            .map(|category| NewCategory { id: CategoryId(id()), parent_id: None, name: category.name.say(self.locale).to_owned(), hue: category.hue })
            .collect();
        let minor = if self.locale == "zh-Hans" { 20 } else { 1 };
        self.make_products(catalogue, &categories, minor);
        let batch_id = BatchId(id());
        let mut categories = categories;
        let rows: Vec<ImportedProduct> =
            self.products.iter().map(|(id, draft)| ImportedProduct { id: *id, before: None, after: draft.clone() }).collect();
        for rows in rows.chunks(catalog::IMPORT_ROWS_LIMIT) {
            let import = Import { batch_id, categories: std::mem::take(&mut categories), rows: rows.to_vec() };
            self.send(Command::Catalog(catalog::Command::Import(import)), at)?;
        }
        let lines: Vec<ReceiveLine> = self
            .products
            .iter()
            .enumerate()
            .map(|(index, (product_id, draft))| ReceiveLine {
                product_id: *product_id,
                quantity: Quantity(1000 * (40 + i64::try_from(index % 7).unwrap_or(0) * 12 + if index < BEST && index != SHORT { 40 } else { 0 })),
                unit_cost: UnitPrice(draft.price.0 * 6 / 10),
            })
            .collect();
        for lines in lines.chunks(stock::LINES_LIMIT) {
            let receive =
                Receive { document_id: StockDocumentId(id()), location_id: self.shelf, note: String::new(), business_date, lines: lines.to_vec() };
            self.send(Command::Stock(stock::Command::Receive(receive)), at)?;
        }
        Ok(())
    }

    fn make_products(&mut self, catalogue: &Catalogue, categories: &[NewCategory], minor: i64) {
        let separator = if self.locale == "en" { " " } else { "" };
        let mut number = 0_usize;
        'all: for size in &catalogue.sizes {
            for maker in 0.. {
                let mut any = false;
                for (category, row) in catalogue.categories.iter().zip(categories) {
                    let Some(brand) = category.makers.get(maker) else { continue };
                    any = true;
                    for (item, base) in &category.items {
                        let name = format!("{}{separator}{} {}", brand.say(self.locale), item.say(self.locale), size.say(self.locale));
                        let grown = base * i64::try_from(20 + number % 9).unwrap_or(20) / 20;
                        self.products.push((ProductId(id()), self.draft(name.trim(), number, row.id, grown * minor)));
                        number += 1;
                        if number == PRODUCTS {
                            break 'all;
                        }
                    }
                }
                if !any {
                    break;
                }
            }
        }
    }

    fn draft(&self, name: &str, number: usize, category_id: CategoryId, price: i64) -> ProductDraft {
        ProductDraft {
            code: format!("K{number:04}"),
            name: name.to_owned(),
            description: String::new(),
            unit: "pcs".to_owned(),
            category_id: Some(category_id),
            tax_id: self.tax_id,
            price: UnitPrice(price * UnitPrice::PER_MINOR_UNIT),
            low_threshold: if number.is_multiple_of(11) { Quantity(45_000) } else { THRESHOLD_OFF },
            high_threshold: THRESHOLD_OFF,
            favourite: (number.is_multiple_of(3) && number < 72).then(|| i64::try_from(number).unwrap_or(0)),
            active: true,
            barcodes: vec![NewBarcode {
                barcode: ean13(471_001_800_000 + number as u64),
                pack: Quantity::ONE,
                pack_unit: String::new(),
                pack_price: None,
            }],
            tags: Vec::new(),
        }
    }

    /// Sells for a day; the cash that is left of it.
    fn sell_day(&mut self, catalogue: &Catalogue, shift_id: ShiftId, opened: Instant, length_ms: i64, sales: u64) -> Result<Money, Reject> {
        let mut cash = Money::ZERO;
        let pause_ms = length_ms.unsigned_abs() / sales;
        for sale in 0..sales {
            let at = Instant(opened.0 + i64::try_from(sale * pause_ms + self.dice.roll(pause_ms)).unwrap_or(0));
            let comes_back = sale == COMES_BACK;
            let lines = (0..=if comes_back { 0 } else { self.dice.roll(4) }).map(|_| self.line()).collect();
            let cart = Cart { tax_mode: TaxMode::Inclusive, lines, discount: Discount::None };
            let (tenders, rounding) = self.pay(price(&cart)?.total)?;
            let mut sell = Sell::plain(SaleId(id()), shift_id, cart, tenders, rounding)?;
            if sale.is_multiple_of(NAMED_EVERY) {
                self.name(catalogue, &mut sell);
            }
            let refund = comes_back.then(|| take_back(&sell));
            if !comes_back {
                cash = cash.plus(Money::sum(sell.tenders.iter().filter(|tender| tender.kind == TenderKind::Cash).map(|tender| tender.amount))?)?;
            }
            self.send(Command::Counter(counter::Command::Sell(Box::new(sell))), at)?;
            if let Some(refund) = refund {
                self.send(Command::Counter(counter::Command::Refund(Box::new(refund))), Instant(at.0 + i64::try_from(pause_ms).unwrap_or(0)))?;
            }
        }
        Ok(cash)
    }

    fn name(&mut self, catalogue: &Catalogue, sell: &mut Sell) {
        let index = usize::try_from(self.dice.roll(catalogue.customers.len() as u64)).unwrap_or(0);
        if let Some(customer) = catalogue.customers.get(index) {
            sell.customer_name = customer.name.say(self.locale).to_owned();
            sell.customer_tax_number.clone_from(&customer.tax_number);
        }
    }

    fn pay(&mut self, total: Money) -> Result<(Vec<Tender>, Money), Reject> {
        let kind = match self.dice.roll(10) {
            0..=5 => TenderKind::Cash,
            6..=8 => TenderKind::Card,
            _ => TenderKind::Transfer,
        };
        if kind == TenderKind::Cash {
            return exact_cash(total, Money(if self.locale == "zh-Hans" { 10 } else { 1 }));
        }
        Ok((vec![Tender { kind, amount: total, given: total, reference: String::new() }], Money::ZERO))
    }

    fn line(&mut self) -> CartLine {
        // Some things sell far better than others.
        let reach = [BEST as u64, 120, 600, PRODUCTS as u64][usize::try_from(self.dice.roll(4)).unwrap_or(0)];
        let index = usize::try_from(self.dice.roll(reach)).unwrap_or(0);
        let quantity = Quantity(1000 * (1 + i64::try_from(self.dice.roll(3)).unwrap_or(0)));
        let discount = if self.dice.roll(CHEAPER_EVERY) == 0 { CHEAPER } else { Discount::None };
        let (product_id, draft) = &self.products[index];
        CartLine {
            product_id: *product_id,
            code: draft.code.clone(),
            name: draft.name.clone(),
            unit: draft.unit.clone(),
            barcode: String::new(),
            pack: Quantity::ONE,
            quantity,
            list_price: draft.price,
            unit_price: draft.price,
            discount,
            tax_id: self.tax_id,
            tax_name: self.tax_name.clone(),
            tax_rate: Rate(50_000),
        }
    }
}

/// All of a sale of one line comes back, paid as it was.
fn take_back(sell: &Sell) -> Refund {
    let lines = sell.cart.lines.iter().zip(1..).map(|(line, number)| RefundLine { line: number, quantity: line.quantity }).collect();
    Refund {
        refund_id: SaleId(id()),
        shift_id: sell.shift_id,
        sale_id: sell.sale_id,
        lines,
        total: sell.figures.total,
        tenders: sell.tenders.clone(),
        rounding: sell.rounding,
        note: String::new(),
        restock: true,
        print: None,
        sold: None,
        approval: None,
    }
}

/// Twelve digits with their check digit.
fn ean13(digits: u64) -> String {
    let text = format!("{digits:012}");
    let sum: u32 = text.bytes().enumerate().map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 0 { 1 } else { 3 }).sum();
    format!("{text}{}", (10 - sum % 10) % 10)
}
