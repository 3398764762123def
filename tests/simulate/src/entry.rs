//! What persons enter: commands made from what their machine shows them.

use anyhow::Result;
use kontor_domain::attention::{self, Attention};
use kontor_domain::catalog::{self, CreateProduct, NewBarcode, NewCategory, Product, ProductChanges, ProductDraft, THRESHOLD_OFF};
use kontor_domain::cell::{Cell as _, Value};
use kontor_domain::command::{Command, Edit};
use kontor_domain::counter::cart::{Cart, CartLine, Discount, exact_cash, price};
use kontor_domain::counter::{
    self, CloseShift, MoveCash, OpenDrawer, OpenShift, Park, ParkedCart, Refund, RefundLine, Sale, SaleLine, SaleLineRefunded, SaleTender, Sell,
    Tender, TenderKind, Till, Unpark, refund_figures, refund_tenders,
};
use kontor_domain::ids::{
    AttentionId, CashMovementId, CategoryId, CompanyId, DeviceId, LocationId, ParkedCartId, PrintJobId, PrinterId, ProductId, SaleId, ShiftId,
    StockDocumentId, TaxId, TillId, WarehouseId,
};
use kontor_domain::printing::{self, PaperDocument, PaperKind, Printer, PrinterKind, Reprint};
use kontor_domain::settings::TaxMode;
use kontor_domain::stock::{self, Adjust, AdjustLine, MoveReason, Receive, ReceiveLine};
use kontor_domain::time::BusinessDate;
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use kontor_store::sqlite::find_rows;
use rusqlite::Connection;
use uuid::Uuid;

use crate::dice::Dice;

/// Where a person works.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The company.
    pub company: CompanyId,
    /// The device.
    pub device: DeviceId,
    /// Its till.
    pub till: TillId,
    /// Where it sells from.
    pub shelf: LocationId,
    /// Its warehouse.
    pub warehouse: WarehouseId,
    /// The tax class.
    pub tax: TaxId,
    /// Today.
    pub today: BusinessDate,
}

/// A row that a fact writes and that nothing removes: whoever entered it must find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// Its table.
    pub table: &'static str,
    /// Its key.
    pub id: Uuid,
}

/// The row that is looked for after a command was entered.
pub fn written(command: &Command) -> Option<Written> {
    let (table, id) = match command {
        Command::Counter(counter::Command::Sell(sell)) => ("sale", sell.sale_id.0),
        Command::Counter(counter::Command::Refund(refund)) => ("sale", refund.refund_id.0),
        Command::Counter(counter::Command::OpenShift(open)) => ("shift", open.shift_id.0),
        Command::Counter(counter::Command::CashIn(cash) | counter::Command::CashOut(cash)) => ("cash_movement", cash.movement_id.0),
        Command::Stock(stock::Command::Receive(receive)) => ("stock_document", receive.document_id.0),
        Command::Stock(stock::Command::Adjust(adjust)) => ("stock_document", adjust.document_id.0),
        _ => return None,
    };
    Some(Written { table, id })
}

const fn counter(command: counter::Command) -> Command {
    Command::Counter(command)
}

fn of_company(place: &Place) -> Vec<Value> {
    vec![Value::Id(place.company.0)]
}

/// What somebody does at a till; `None` if there is nothing to do it with.
pub fn at_till(dice: &mut Dice, file: &Connection, place: &Place) -> Result<Option<Command>> {
    let till: Vec<Till> = find_rows(file, "company = ?1 AND id = ?2", &[Value::Id(place.company.0), place.till.to_value()])?;
    let Some(till) = till.into_iter().next() else { return Ok(None) };
    let Some(shift_id) = till.open_shift_id else {
        let business_date = till.last_business_date.map_or(place.today, |last| last.max(place.today));
        let open = OpenShift { shift_id: ShiftId(dice.id()), till_id: till.id, business_date, float: Money(dice.between(0, 2000)) };
        return Ok(Some(counter(counter::Command::OpenShift(open))));
    };
    match dice.roll(100) {
        0..45 => sell(dice, file, place, shift_id),
        45..55 => refund(dice, file, place, shift_id),
        55..60 => {
            let amount = Money(dice.between(1, 500));
            let cash = MoveCash { movement_id: CashMovementId(dice.id()), shift_id, amount, reason: "change".into() };
            let command = if dice.percent(50) { counter::Command::CashIn(cash) } else { counter::Command::CashOut(cash) };
            Ok(Some(counter(command)))
        }
        60..63 => Ok(Some(counter(counter::Command::OpenDrawer(OpenDrawer { shift_id, reason: "look".into() })))),
        63..67 => {
            let close = CloseShift { shift_id, denominations: Vec::new(), counted: Money(dice.between(0, 5000)) };
            Ok(Some(counter(counter::Command::CloseShift(close))))
        }
        67..73 => park(dice, file, place),
        73..78 => print(dice, file, place),
        _ => anywhere(dice, file, place),
    }
}

/// What somebody does at a till or in the office.
pub fn anywhere(dice: &mut Dice, file: &Connection, place: &Place) -> Result<Option<Command>> {
    let products: Vec<Product> = find_rows(file, "company = ?1", &of_company(place))?;
    let catalog = |command| Ok(Some(Command::Catalog(command)));
    match dice.roll(10) {
        0..2 => {
            let number = dice.roll(1 << 30);
            let draft = ProductDraft {
                // Two tills make the same code apart now and then: both stand, and a person is told.
                code: format!("P{}", dice.roll(12)),
                name: format!("鳳梨酥 {number}"),
                description: String::new(),
                unit: "pcs".into(),
                category_id: None,
                tax_id: place.tax,
                price: UnitPrice(UnitPrice::PER_MINOR_UNIT * dice.between(1, 90)),
                low_threshold: THRESHOLD_OFF,
                high_threshold: THRESHOLD_OFF,
                favourite: None,
                active: true,
                barcodes: vec![NewBarcode {
                    barcode: format!("471{:04}", dice.roll(9000)),
                    pack: Quantity::ONE,
                    pack_unit: String::new(),
                    pack_price: None,
                }],
                tags: vec!["new".into()],
            };
            catalog(catalog::Command::CreateProduct(CreateProduct { id: ProductId(dice.id()), draft }))
        }
        2..5 => {
            let Some(product) = dice.pick(&products) else { return Ok(None) };
            let mut changes = ProductChanges::of(product.id);
            if dice.percent(60) {
                changes.price = Some(Edit { from: product.price, to: UnitPrice(UnitPrice::PER_MINOR_UNIT * dice.between(1, 90)) });
            } else {
                changes.name = Some(Edit { from: product.name.clone(), to: format!("{}+", product.name.chars().take(40).collect::<String>()) });
            }
            // Removals are what a copy that was away for long must still hear of.
            if dice.percent(60) {
                let tag = "new".to_owned();
                if dice.percent(40) { changes.tags_added = vec![tag] } else { changes.tags_removed = vec![tag] }
            }
            catalog(catalog::Command::EditProduct(Box::new(changes)))
        }
        5 => catalog(catalog::Command::CreateCategory(NewCategory { id: CategoryId(dice.id()), parent_id: None, name: "Tea".into(), hue: 1 })),
        6..8 => {
            let Some(product_id) = dice.pick(&products).map(|product| product.id) else { return Ok(None) };
            let unit_cost = UnitPrice(UnitPrice::PER_MINOR_UNIT * dice.between(1, 40));
            let lines = vec![ReceiveLine { product_id, quantity: Quantity(1000 * dice.between(1, 20)), unit_cost }];
            let document_id = StockDocumentId(dice.id());
            let receive = Receive { document_id, location_id: place.shelf, note: String::new(), business_date: place.today, lines };
            Ok(Some(Command::Stock(stock::Command::Receive(receive))))
        }
        8 => {
            let Some(product_id) = dice.pick(&products).map(|product| product.id) else { return Ok(None) };
            let difference = Quantity(1000 * if dice.percent(50) { dice.between(1, 5) } else { dice.between(-5, -1) });
            let lines = vec![AdjustLine { product_id, difference, reason: MoveReason::Counted }];
            let document_id = StockDocumentId(dice.id());
            let adjust = Adjust { document_id, location_id: place.shelf, note: String::new(), business_date: place.today, lines };
            Ok(Some(Command::Stock(stock::Command::Adjust(adjust))))
        }
        _ => {
            let open: Vec<Attention> = find_rows(file, "company = ?1 AND resolved_at IS NULL", &of_company(place))?;
            let id: Option<AttentionId> = dice.pick(&open).map(|item| item.id);
            Ok(id.map(|id| Command::Attention(attention::Command::Resolve { id })))
        }
    }
}

fn cart(dice: &mut Dice, file: &Connection, place: &Place) -> Result<Option<Cart>> {
    let products: Vec<Product> = find_rows(file, "company = ?1", &of_company(place))?;
    let mut lines = Vec::new();
    for _ in 0..dice.between(1, 3) {
        let Some(product) = dice.pick(&products) else { return Ok(None) };
        lines.push(CartLine {
            product_id: product.id,
            code: product.code.clone(),
            name: product.name.clone(),
            unit: product.unit.clone(),
            barcode: String::new(),
            pack: Quantity::ONE,
            quantity: Quantity(1000 * dice.between(1, 4)),
            list_price: product.price,
            unit_price: product.price,
            discount: Discount::None,
            tax_id: place.tax,
            tax_name: "VAT".into(),
            tax_rate: Rate(50_000),
        });
    }
    Ok(Some(Cart { tax_mode: TaxMode::Inclusive, lines, discount: Discount::None }))
}

/// A sale of what the file has.
pub fn sell(dice: &mut Dice, file: &Connection, place: &Place, shift_id: ShiftId) -> Result<Option<Command>> {
    let Some(cart) = cart(dice, file, place)? else { return Ok(None) };
    let total = price(&cart)?.total;
    let (tenders, rounding) = if dice.percent(30) {
        let card = Tender { kind: TenderKind::Card, amount: total, given: total, reference: "4711".into() };
        (vec![card], Money::ZERO)
    } else {
        exact_cash(total, Money(1))?
    };
    let parked: Vec<ParkedCart> = if dice.percent(10) { find_rows(file, "company = ?1", &of_company(place))? } else { Vec::new() };
    let sale_id = SaleId(dice.id());
    let parked_cart_id = dice.pick(&parked).map(|parked| parked.id);
    let sale = Sell { parked_cart_id, ..Sell::plain(sale_id, shift_id, cart, tenders, rounding)? };
    Ok(Some(counter(counter::Command::Sell(Box::new(sale)))))
}

/// Something back of a sale that the file has.
pub fn refund(dice: &mut Dice, file: &Connection, place: &Place, shift_id: ShiftId) -> Result<Option<Command>> {
    let sales: Vec<Sale> = find_rows(file, "company = ?1 AND kind = 'sale'", &of_company(place))?;
    let Some(sale) = dice.pick(&sales) else { return Ok(None) };
    let of_sale = [Value::Id(place.company.0), sale.id.to_value()];
    let lines: Vec<SaleLine> = find_rows(file, "company = ?1 AND sale_id = ?2", &of_sale)?;
    let refunded: Vec<SaleLineRefunded> = find_rows(file, "company = ?1 AND sale_id = ?2", &of_sale)?;
    let refunded: Vec<(i64, Quantity)> = refunded.iter().map(|row| (row.line, row.quantity)).collect();
    let paid: Vec<SaleTender> = find_rows(file, "company = ?1 AND sale_id = ?2", &of_sale)?;
    let Some(line) = dice.pick(&lines) else { return Ok(None) };
    let before = refunded.iter().find(|(number, _)| *number == line.line).map_or(0, |(_, quantity)| quantity.0);
    let left = line.quantity.0 - before;
    if left <= 0 {
        return Ok(None);
    }
    let quantity = Quantity(if dice.percent(50) { left } else { 1000.min(left) });
    let wanted = vec![RefundLine { line: line.line, quantity }];
    let (total, _) = refund_figures(sale, &lines, &refunded, &wanted)?;
    let (tenders, rounding) = refund_tenders(sale, &paid, &[], total, Money(1))?;
    let refund_id = SaleId(dice.id());
    let refund = Refund {
        refund_id,
        shift_id,
        sale_id: sale.id,
        lines: wanted,
        total,
        tenders,
        rounding,
        note: String::new(),
        restock: dice.percent(80),
        print: None,
        sold: None,
        approval: None,
    };
    Ok(Some(counter(counter::Command::Refund(Box::new(refund)))))
}

fn park(dice: &mut Dice, file: &Connection, place: &Place) -> Result<Option<Command>> {
    let parked: Vec<ParkedCart> = find_rows(file, "company = ?1", &of_company(place))?;
    if dice.percent(40)
        && let Some(parked) = dice.pick(&parked)
    {
        return Ok(Some(counter(counter::Command::Unpark(Unpark { parked_cart_id: parked.id }))));
    }
    let Some(cart) = cart(dice, file, place)? else { return Ok(None) };
    let park =
        Park { parked_cart_id: ParkedCartId(dice.id()), till_id: place.till, cart, name: "Ana".into(), tax_number: String::new(), replaces: None };
    Ok(Some(counter(counter::Command::Park(park))))
}

fn print(dice: &mut Dice, file: &Connection, place: &Place) -> Result<Option<Command>> {
    let printers: Vec<Printer> = find_rows(file, "company = ?1", &of_company(place))?;
    let sales: Vec<Sale> = find_rows(file, "company = ?1", &of_company(place))?;
    let (Some(printer), Some(sale)) = (dice.pick(&printers), dice.pick(&sales)) else {
        let printer = Printer {
            id: PrinterId(dice.id()),
            device_id: place.device,
            name: "Receipts".into(),
            kind: PrinterKind::EscposFile,
            address: "paper".into(),
            paper: PaperKind::Roll80,
            charset: "raster".into(),
            has_drawer: false,
            is_default: true,
            active: true,
        };
        return Ok(Some(Command::Printing(printing::Command::SetPrinter(printer))));
    };
    let reprint = Reprint { job_id: PrintJobId(dice.id()), printer_id: printer.id, sale_id: sale.id, document: PaperDocument::Receipt };
    Ok(Some(Command::Printing(printing::Command::Reprint(reprint))))
}
