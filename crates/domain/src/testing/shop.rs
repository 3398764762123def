//! A small shop, founded, with products, that does what a screen does: makes ids, computes figures, draws numbers.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Failure, MemoryStore};
use crate::catalog::{self, CreateProduct, NewTax, ProductDraft, THRESHOLD_OFF};
use crate::command::{COMMAND_VERSION, Command, Context, DocumentNumber, Envelope, Mode, Outcome, Rights};
use crate::counter::cart::{Cart, CartLine, Discount, check_tenders, price};
use crate::counter::{
    self, CloseShift, NumberKind, OpenShift, Refund, RefundLine, Sale, SaleKey, SaleLine, SaleLineRefunded, SaleTender, Sell, Tender, TenderKind,
    refund_figures, refund_tenders,
};
use crate::ids::{
    BatchId, CategoryId, CommandId, CompanyId, DeviceId, LocationId, PersonId, ProductId, SaleId, ShiftId, StockDocumentId, TaxId, TillId,
    WarehouseId,
};
use crate::money::{Account, Posting};
use crate::settings::{self, Found, TaxMode};
use crate::stock::{self, LocationKind, NewLocation, Receive, ReceiveLine, StockValue, StockValueKey};
use crate::time::{BusinessDate, Instant};
use crate::units::{Money, Quantity, Rate, UnitPrice};

/// Which shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShopKind {
    /// TWD, prices with 5 % tax in them.
    Taiwan,
    /// USD, tax added at the till, three rates.
    States,
    /// CHF, prices with three rates in them, cash in steps of 5.
    Swiss,
}

impl ShopKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Taiwan, Self::States, Self::Swiss];

    const fn data(self) -> (&'static str, TaxMode, &'static [i64], i64) {
        match self {
            Self::Taiwan => ("TWD", TaxMode::Inclusive, &[50_000, 0], 1),
            Self::States => ("USD", TaxMode::Exclusive, &[88_750, 40_000, 0], 1),
            Self::Swiss => ("CHF", TaxMode::Inclusive, &[81_000, 26_000, 38_000], 5),
        }
    }
}

/// A shop with its screen.
#[derive(Debug)]
pub struct Shop {
    /// What it keeps.
    pub store: MemoryStore,
    /// Who asks, where.
    pub context: Context,
    /// Whether prices contain the tax.
    pub tax_mode: TaxMode,
    /// Tax classes and rates.
    pub taxes: Vec<(TaxId, Rate)>,
    /// The till.
    pub till_id: TillId,
    /// The open shift.
    pub shift_id: ShiftId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// The shelf that is sold from.
    pub shelf_id: LocationId,
    /// Today.
    pub today: BusinessDate,
    /// Smallest cash amount.
    pub cash_step: Money,
    /// Products made by [`Shop::product`].
    pub products: Vec<ProductId>,
    ids: u64,
    numbers: [i64; 3],
}

/// A v7 id made from a count.
pub fn id_of(count: u64) -> Uuid {
    let random = count.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Uuid::from_u64_pair(0x0190_0000_0000_7000 | ((count & 0xFFFF_FFFF) << 16), 0x8000_0000_0000_0000 | (random >> 2))
}

impl Shop {
    /// A shop that was just founded: open shift with a float of 1,000, no products.
    pub fn found(kind: ShopKind) -> Result<Self, Failure> {
        let (currency, tax_mode, rates, cash_step) = kind.data();
        let mut ids = 0;
        let mut next = || {
            ids += 1;
            id_of(ids)
        };
        let taxes: Vec<(TaxId, Rate)> = rates.iter().map(|rate| (TaxId(next()), Rate(*rate))).collect();
        let context = Context {
            company: CompanyId(next()),
            person: PersonId(next()),
            device: DeviceId(next()),
            rights: Rights::All,
            lender: Rights::All,
            now: Instant(1_790_000_000_000),
            mode: Mode::Entry,
        };
        let mut shop = Self {
            store: MemoryStore::default(),
            context,
            tax_mode,
            taxes,
            till_id: TillId(next()),
            shift_id: ShiftId(next()),
            warehouse_id: WarehouseId(next()),
            shelf_id: LocationId(next()),
            today: BusinessDate(NaiveDate::from_ymd_opt(2026, 9, 21).unwrap_or_default()),
            cash_step: Money(cash_step),
            products: Vec::new(),
            ids,
            numbers: [0; 3],
        };
        let found = shop.founding(currency);
        shop.run(Command::Settings(settings::Command::Found(Box::new(found))))?;
        Ok(shop)
    }

    /// What founding it says.
    pub fn founding(&mut self, currency: &str) -> Found {
        let locations = LocationKind::EVERY_WAREHOUSE
            .iter()
            .map(|kind| NewLocation { id: LocationId(self.id()), code: kind.word().to_uppercase(), kind: *kind })
            .collect();
        let taxes = self.taxes.iter().map(|(id, rate)| NewTax { id: *id, name: format!("Tax {}", rate.percent_figure()), rate: *rate }).collect();
        Found {
            name: "Harbour Street".into(),
            code: "HS".into(),
            tax_number: String::new(),
            phone: String::new(),
            address: String::new(),
            currency: currency.into(),
            tax_mode: self.tax_mode,
            time_zone: "Asia/Taipei".into(),
            locale: "en".into(),
            receipt_footer: String::new(),
            demo: false,
            taxes,
            owner_id: self.context.person,
            owner_name: "Mei".into(),
            warehouse_id: self.warehouse_id,
            warehouse_name: "Shop".into(),
            selling_location_id: self.shelf_id,
            selling_location_code: "SHELF".into(),
            locations,
            till_id: self.till_id,
            device_name: "Counter".into(),
            shift_id: self.shift_id,
            float: Money(1000),
            business_date: self.today,
        }
    }

    /// The next id.
    pub const fn next_count(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// The next id.
    pub fn id(&mut self) -> Uuid {
        id_of(self.next_count())
    }

    /// The counter of a kind of number.
    const fn counter(&mut self, kind: NumberKind) -> &mut i64 {
        match kind {
            NumberKind::Receipt => &mut self.numbers[0],
            NumberKind::Shift => &mut self.numbers[1],
            NumberKind::Stock => &mut self.numbers[2],
        }
    }

    /// The last number given to a kind of document.
    pub const fn last_number(&self, kind: NumberKind) -> i64 {
        match kind {
            NumberKind::Receipt => self.numbers[0],
            NumberKind::Shift => self.numbers[1],
            NumberKind::Stock => self.numbers[2],
        }
    }

    /// A command on its way, with a number if it wants one.
    pub fn envelope(&mut self, command: Command) -> Envelope {
        let number = command.number_kind().map(|kind| {
            let (till_id, last) = (self.till_id, self.counter(kind));
            *last += 1;
            DocumentNumber { till_id, series: 1, seq: *last }
        });
        self.context.now = Instant(self.context.now.0 + 1000);
        Envelope {
            id: CommandId(self.id()),
            company: self.context.company,
            device: self.context.device,
            actor: self.context.person,
            at: self.context.now,
            version: COMMAND_VERSION,
            number,
            command,
        }
    }

    /// Runs a command; a refusal gives its number back.
    pub fn run(&mut self, command: Command) -> Result<Outcome, Failure> {
        let envelope = self.envelope(command);
        let outcome = self.store.run(&self.context, &envelope);
        if let (Err(_), Some(kind)) = (&outcome, envelope.command.number_kind()) {
            *self.counter(kind) -= 1;
        }
        outcome
    }

    /// What a form says of a product.
    pub fn draft(&self, code: &str, tax: usize, price: UnitPrice) -> ProductDraft {
        ProductDraft {
            code: code.to_owned(),
            name: format!("Product {code}"),
            description: String::new(),
            unit: "pcs".into(),
            category_id: None,
            tax_id: self.taxes[tax % self.taxes.len()].0,
            price,
            low_threshold: THRESHOLD_OFF,
            high_threshold: THRESHOLD_OFF,
            favourite: None,
            active: true,
            barcodes: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Makes a product.
    pub fn product(&mut self, tax: usize, price: UnitPrice) -> Result<ProductId, Failure> {
        let id = ProductId(self.id());
        let draft = self.draft(&format!("P-{}", self.products.len() + 1), tax, price);
        self.run(Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id, draft })))?;
        self.products.push(id);
        Ok(id)
    }

    /// A line of a cart as the screen makes it.
    pub fn line(&self, product_id: ProductId, tax: usize, quantity: Quantity, unit_price: UnitPrice) -> CartLine {
        let (tax_id, tax_rate) = self.taxes[tax % self.taxes.len()];
        CartLine {
            product_id,
            code: "P".into(),
            name: "Product".into(),
            unit: "pcs".into(),
            barcode: String::new(),
            pack: Quantity::ONE,
            quantity,
            list_price: unit_price,
            unit_price,
            discount: Discount::None,
            tax_id,
            tax_name: format!("Tax {}", tax_rate.percent_figure()),
            tax_rate,
        }
    }

    /// A cart of lines without discount.
    pub const fn cart(&self, lines: Vec<CartLine>) -> Cart {
        Cart { tax_mode: self.tax_mode, lines, discount: Discount::None }
    }

    /// The command that sells a cart for exact cash.
    pub fn sell_for_cash(&mut self, cart: Cart) -> Result<Sell, Failure> {
        Ok(Sell::for_exact_cash(SaleId(self.id()), self.shift_id, cart, self.cash_step)?)
    }

    /// The command that sells a cart with these tenders.
    pub fn sell_with(&mut self, cart: Cart, tenders: Vec<Tender>, rounding: Money) -> Result<Sell, Failure> {
        check_tenders(price(&cart)?.total, &tenders, rounding, self.cash_step)?;
        Ok(Sell::plain(SaleId(self.id()), self.shift_id, cart, tenders, rounding)?)
    }

    /// Sells.
    pub fn sell(&mut self, sell: Sell) -> Result<Sale, Failure> {
        let id = sell.sale_id;
        self.run(Command::Counter(counter::Command::Sell(Box::new(sell))))?;
        self.sale(id)
    }

    /// A sale that is there.
    pub fn sale(&self, id: SaleId) -> Result<Sale, Failure> {
        self.store.row::<Sale>(&SaleKey { id })?.ok_or_else(|| Failure::Broken("no such sale".into()))
    }

    /// The lines of a sale.
    pub fn lines(&self, id: SaleId) -> Result<Vec<SaleLine>, Failure> {
        Ok(self.store.rows::<SaleLine>()?.into_iter().filter(|line| line.sale_id == id).collect())
    }

    /// The tenders of a sale.
    pub fn tenders(&self, id: SaleId) -> Result<Vec<SaleTender>, Failure> {
        Ok(self.store.rows::<SaleTender>()?.into_iter().filter(|tender| tender.sale_id == id).collect())
    }

    /// The command that gives these lines back as the screen proposes.
    pub fn refund_of(&mut self, sale: &Sale, wanted: Vec<RefundLine>) -> Result<Refund, Failure> {
        let lines = self.lines(sale.id)?;
        let refunded: Vec<(i64, Quantity)> =
            self.store.rows::<SaleLineRefunded>()?.into_iter().filter(|row| row.sale_id == sale.id).map(|row| (row.line, row.quantity)).collect();
        let (total, _) = refund_figures(sale, &lines, &refunded, &wanted)?;
        let (tenders, rounding) = refund_tenders(sale, &self.tenders(sale.id)?, &self.given_back(sale)?, total, self.cash_step)?;
        Ok(Refund {
            refund_id: SaleId(self.id()),
            shift_id: self.shift_id,
            sale_id: sale.id,
            lines: wanted,
            total,
            tenders,
            rounding,
            note: String::new(),
            restock: true,
            print: None,
            sold: None,
            approval: None,
        })
    }

    /// What its refunds gave back, by kind of tender.
    pub fn given_back(&self, sale: &Sale) -> Result<Vec<(TenderKind, Money)>, Failure> {
        let refunds: Vec<Sale> = self.store.rows::<Sale>()?.into_iter().filter(|row| row.refund_of == Some(sale.id)).collect();
        let mut sums = Vec::new();
        for kind in TenderKind::ALL.iter().copied() {
            let of_kind = |row: &SaleTender| row.kind == kind && refunds.iter().any(|refund| refund.id == row.sale_id);
            let given = Money::sum(self.store.rows::<SaleTender>()?.into_iter().filter(of_kind).map(|row| row.amount))?;
            sums.push((kind, given.negated()?));
        }
        Ok(sums)
    }

    /// All of a sale.
    pub fn whole(&self, sale: &Sale) -> Result<Vec<RefundLine>, Failure> {
        Ok(self.lines(sale.id)?.iter().map(|line| RefundLine { line: line.line, quantity: line.quantity }).collect())
    }

    /// Gives back.
    pub fn refund(&mut self, refund: Refund) -> Result<Sale, Failure> {
        let id = refund.refund_id;
        self.run(Command::Counter(counter::Command::Refund(Box::new(refund))))?;
        self.sale(id)
    }

    /// Receives goods on the shelf.
    pub fn receive(&mut self, lines: &[(ProductId, Quantity, UnitPrice)]) -> Result<StockDocumentId, Failure> {
        let document_id = StockDocumentId(self.id());
        let lines =
            lines.iter().map(|(product_id, quantity, unit_cost)| ReceiveLine { product_id: *product_id, quantity: *quantity, unit_cost: *unit_cost });
        let receive = Receive { document_id, location_id: self.shelf_id, note: String::new(), business_date: self.today, lines: lines.collect() };
        self.run(Command::Stock(stock::Command::Receive(receive)))?;
        Ok(document_id)
    }

    /// Counts the drawer and closes the shift.
    pub fn close(&mut self, counted: Money) -> Result<Outcome, Failure> {
        let close = CloseShift { shift_id: self.shift_id, denominations: Vec::new(), counted };
        self.run(Command::Counter(counter::Command::CloseShift(close)))
    }

    /// Opens the next shift.
    pub fn open(&mut self, float: Money) -> Result<Outcome, Failure> {
        self.shift_id = ShiftId(self.id());
        let open = OpenShift { shift_id: self.shift_id, till_id: self.till_id, business_date: self.today, float };
        self.run(Command::Counter(counter::Command::OpenShift(open)))
    }

    /// What a product's stock is worth.
    pub fn value(&self, product_id: ProductId) -> Result<StockValue, Failure> {
        let key = StockValueKey { warehouse_id: self.warehouse_id, product_id };
        self.store.row::<StockValue>(&key)?.ok_or_else(|| Failure::Broken("no stock value".into()))
    }

    /// A new batch.
    pub fn batch(&mut self) -> BatchId {
        BatchId(self.id())
    }

    /// A new category's id.
    pub fn category(&mut self) -> CategoryId {
        CategoryId(self.id())
    }
}

/// What an account holds.
pub fn sum_of(store: &MemoryStore, account: Account) -> Result<i64, Failure> {
    Ok(store.rows::<Posting>()?.iter().filter(|posting| posting.account == account).map(|posting| posting.amount.0).sum())
}
