//! A sale: checked, written, moved, posted, counted.

use super::cart::{Cart, CartLine, check_tenders, discount_rate, price};
use super::shift::{add_total, check_number_is_of, correct_closed_drawer, open_shift, wish_shift, wish_totals};
use super::{
    LINES_LIMIT, PARKED_LIMIT, Park, ParkedCart, ParkedCartKey, Sale, SaleKey, SaleKind, SaleLine, SaleTax, SaleTender, Sell, Shift, Tender,
    TenderKind, Till, TillKey, TotalKind, Unpark,
};
use crate::catalog::{Product, ProductKey, Tax, TaxKey};
use crate::cell::Cell;
use crate::command::{DocumentNumber, Event, Exec, Outcome, Permission, Rights};
use crate::identity::{Approvable, check_discount, check_permission};
use crate::ids::{LocationId, TaxId};
use crate::money::{Account, Draft, Entry, post};
use crate::reject::{Code, Reject};
use crate::settings::Company;
use crate::stock::{DocumentKind, Location, LocationKind, MoveReason, Movement, Source, find_location_of_kind, move_stock};
use crate::text::{NAME_LIMIT, TAX_NUMBER_LIMIT, check_line, check_note};
use crate::units::Money;
use crate::world::Halt;

/// The printed number: `HS-2-7-004412` is shop HS, till 2, series 7.
pub fn receipt_number(company_code: &str, till_number: i64, number: DocumentNumber) -> String {
    format!("{company_code}-{till_number}-{}-{:06}", number.series, number.seq)
}

/// What a sale or refund stands on.
pub(super) struct Stand {
    pub(super) company: Company,
    pub(super) shift: Shift,
    pub(super) till: Till,
    pub(super) number: DocumentNumber,
    pub(super) customer_location: LocationId,
}

/// Loads what a sale or refund stands on and checks that the number is this till's.
pub(super) fn stand(exec: &mut Exec<'_>, shift_id: crate::ids::ShiftId) -> Result<Stand, Halt> {
    let company = exec.company()?;
    let shift = open_shift(exec, shift_id)?;
    exec.world.wish::<Till>(&TillKey { id: shift.till_id });
    exec.world.wish_under::<Location>(0, shift.warehouse_id.to_value());
    exec.world.granted()?;
    let till = exec.world.find::<Till>(&TillKey { id: shift.till_id })?.ok_or_else(|| Reject::new(Code::NotFound).with("what", "till"))?;
    let number = exec.number()?;
    check_number_is_of(exec, &till, number, shift.id.0)?;
    let customer_location = find_location_of_kind(exec, shift.warehouse_id, LocationKind::Customer)?;
    Ok(Stand { company, shift, till, number, customer_location })
}

/// Asks for all that a sale names itself, before anything is decided: one load instead of one for each rule.
pub(super) fn wish_named(exec: &mut Exec<'_>, sell: &Sell) {
    exec.world.wish::<Sale>(&SaleKey { id: sell.sale_id });
    wish_shift(exec, sell.shift_id);
    for line in sell.cart.lines.iter().take(LINES_LIMIT) {
        exec.world.wish::<Product>(&ProductKey { id: line.product_id });
        exec.world.wish::<Tax>(&TaxKey { id: line.tax_id });
    }
    let taxes: Vec<TaxId> = sell.figures.taxes.iter().map(|tax| tax.tax_id).collect();
    wish_totals(exec, sell.shift_id, &taxes, &sell.tenders);
    if let Some(print) = &sell.print {
        crate::printing::wish_job(exec, print);
    }
    if let Some(id) = sell.parked_cart_id {
        exec.world.wish::<ParkedCart>(&ParkedCartKey { id });
    }
}

/// What is sold must be known, and taxed by a known class; their prices and rates now do not matter.
fn check_known(exec: &mut Exec<'_>, stand: &Stand, cart: &Cart) -> Result<(), Halt> {
    let scope = Exec::warehouse_scope(stand.shift.warehouse_id);
    for line in &cart.lines {
        if !exec.world.has::<Product>(&ProductKey { id: line.product_id })? {
            exec.refuse_or_flag(Reject::new(Code::ProductNotFound), line.product_id.0, scope)?;
        }
        if !exec.world.has::<Tax>(&TaxKey { id: line.tax_id })? {
            exec.refuse_or_flag(Reject::new(Code::NotFound).with("what", "tax"), line.tax_id.0, scope)?;
        }
    }
    Ok(())
}

/// What a sale does that not everybody who sells may do: another price than the list's, and a discount.
pub(super) fn approvable(sell: &Sell) -> Approvable {
    let is_other = sell.cart.lines.iter().any(CartLine::has_other_price);
    let permissions = is_other.then_some(Permission::CounterPrice).into_iter().collect();
    Approvable { permissions, discount: discount_rate(&sell.cart, &sell.figures) }
}

/// Prices and discounts are within what the person may, or somebody who may more has allowed them. Of who may nothing here
/// that was said already.
fn check_let_go(exec: &mut Exec<'_>, stand: &Stand, sell: &Sell) -> Result<(), Halt> {
    if exec.powers.rights == Rights::none() {
        return Ok(());
    }
    let scope = Exec::warehouse_scope(stand.shift.warehouse_id);
    let Approvable { permissions, discount } = approvable(sell);
    for permission in permissions.0 {
        if let Err(reject) = check_permission(exec, permission) {
            exec.refuse_or_flag(reject, sell.sale_id.0, scope)?;
        }
    }
    match check_discount(exec, discount) {
        Ok(()) => Ok(()),
        Err(reject) => exec.refuse_or_flag(reject, sell.sale_id.0, scope),
    }
}

/// Decides [`Sell`].
pub(super) fn sell(exec: &mut Exec<'_>, sell: &Sell) -> Result<Outcome, Halt> {
    if sell.cart.lines.is_empty() {
        return Err(Reject::new(Code::LinesEmpty).into());
    }
    check_line(&sell.customer_name, "customer_name", NAME_LIMIT)?;
    check_line(&sell.customer_tax_number, "tax_number", TAX_NUMBER_LIMIT)?;
    check_note(&sell.note, "note")?;
    // The figures are the screen's. They must follow from the cart that came with them, and from nothing else.
    if price(&sell.cart)? != sell.figures {
        return Err(Reject::field(Code::Format, "figures").into());
    }
    exec.check_fresh::<Sale>(&SaleKey { id: sell.sale_id }, sell.sale_id.0)?;
    let stand = stand(exec, sell.shift_id)?;
    check_known(exec, &stand, &sell.cart)?;
    check_let_go(exec, &stand, sell)?;
    check_paid(exec, &stand, sell.figures.total, &sell.tenders, sell.rounding, sell.sale_id.0)?;
    wish_stock(exec, &stand, &sell.cart);
    exec.world.granted()?;

    let number = receipt_number(&stand.company.code, stand.till.number, stand.number);
    check_number_is_new(exec, &stand, &number, sell.sale_id.0)?;
    let sale = sale_row(exec, &stand, sell, &number)?;
    let scope = Exec::warehouse_scope(stand.shift.warehouse_id);
    let lines = line_rows(sell);
    let taxes: Vec<SaleTax> = sell
        .figures
        .taxes
        .iter()
        .map(|tax| SaleTax { sale_id: sell.sale_id, tax_id: tax.tax_id, name: tax.name.clone(), rate: tax.rate, base: tax.base, tax: tax.tax })
        .collect();
    exec.world.insert(scope, sale.clone());
    for line in &lines {
        exec.world.insert(scope, line.clone());
    }
    move_lines_out(exec, &stand, &sale, &lines)?;
    write_money(exec, &stand, &sale, &taxes, &sell.tenders)?;
    if let Some(print) = &sell.print {
        crate::printing::write_job(exec, print, &sale)?;
    }
    let mut events = vec![Event::SaleMade, Event::StockChanged, Event::ShiftChanged];
    if let Some(parked) = sell.parked_cart_id {
        remove_parked(exec, parked)?;
        events.push(Event::ParkedChanged);
    }
    Ok(Outcome::document(number, events))
}

/// Tenders must pay the total, and be rounded to a coin there is. Which coins there are may have been changed since
/// the money was taken: then it is what was taken that stands.
pub(super) fn check_paid(
    exec: &mut Exec<'_>,
    stand: &Stand,
    total: Money,
    tenders: &[Tender],
    rounding: Money,
    about: uuid::Uuid,
) -> Result<(), Halt> {
    let Err(reject) = check_tenders(total, tenders, rounding, stand.company.cash_step) else { return Ok(()) };
    if exec.is_fact_again() {
        // What is wrong with any coin is malformed, not a fact.
        check_tenders(total, tenders, rounding, Money(i64::MAX))?;
    }
    exec.refuse_or_flag(reject, about, Exec::warehouse_scope(stand.shift.warehouse_id))
}

/// Two files of one till (a copied disk, a restored one) count on from the same number: both papers are out, so both
/// sales stand. Where a number is drawn this cannot be, so it is only looked for where a command is executed again.
pub(super) fn check_number_is_new(exec: &mut Exec<'_>, stand: &Stand, number: &String, about: uuid::Uuid) -> Result<(), Halt> {
    if !exec.is_fact_again() {
        return Ok(());
    }
    let same = exec.world.under::<Sale>(0, number.to_value())?;
    if same.iter().any(|sale| sale.id.0 != about) {
        let reject = Reject::field(Code::CodeInUse, "number").with("value", number);
        exec.refuse_or_flag(reject, about, Exec::warehouse_scope(stand.shift.warehouse_id))?;
    }
    Ok(())
}

/// Everything a sale of this cart touches, asked for at once: one load instead of one for each line.
fn wish_stock(exec: &mut Exec<'_>, stand: &Stand, cart: &Cart) {
    for line in &cart.lines {
        crate::stock::wish_movement(exec, line.product_id, stand.shift.warehouse_id, &[stand.till.location_id, stand.customer_location]);
    }
}

fn sale_row(exec: &Exec<'_>, stand: &Stand, sell: &Sell, number: &str) -> Result<Sale, Reject> {
    let given = Money::sum(sell.tenders.iter().map(|tender| tender.given))?;
    let paid = Money::sum(sell.tenders.iter().map(|tender| tender.amount))?;
    Ok(Sale {
        id: sell.sale_id,
        number: number.to_owned(),
        series: stand.number.series,
        seq: stand.number.seq,
        kind: SaleKind::Sale,
        refund_of: None,
        shift_id: stand.shift.id,
        till_id: stand.till.id,
        warehouse_id: stand.shift.warehouse_id,
        location_id: stand.till.location_id,
        business_date: stand.shift.business_date,
        at: exec.at(),
        person_id: exec.envelope.actor,
        device_id: exec.envelope.device,
        tax_mode: sell.cart.tax_mode,
        gross: sell.figures.gross,
        discount: sell.figures.discount,
        base: sell.figures.base,
        tax: sell.figures.tax,
        total: sell.figures.total,
        rounding: sell.rounding,
        given,
        change: given.minus(paid)?,
        cart_discount: serde_json::to_string(&sell.cart.discount).map_err(|_| Reject::field(Code::Format, "discount"))?,
        customer_name: sell.customer_name.clone(),
        customer_tax_number: sell.customer_tax_number.clone(),
        note: sell.note.clone(),
        approved_by: sell.approval.as_ref().map(|approval| approval.person_id),
    })
}

fn line_rows(sell: &Sell) -> Vec<SaleLine> {
    (1_i64..)
        .zip(sell.cart.lines.iter().zip(&sell.figures.lines))
        .map(|(number, (line, figures))| SaleLine {
            sale_id: sell.sale_id,
            line: number,
            product_id: line.product_id,
            code: line.code.clone(),
            name: line.name.clone(),
            unit: line.unit.clone(),
            barcode: line.barcode.clone(),
            pack: line.pack,
            quantity: line.quantity,
            list_price: line.list_price,
            unit_price: line.unit_price,
            gross: figures.gross,
            discount: figures.discount,
            cart_discount: figures.cart_discount,
            tax_id: line.tax_id,
            tax_rate: line.tax_rate,
            base: figures.base,
            tax: figures.tax,
            total: figures.total,
            refund_of_line: None,
        })
        .collect()
}

fn move_lines_out(exec: &mut Exec<'_>, stand: &Stand, sale: &Sale, lines: &[SaleLine]) -> Result<(), Halt> {
    let source = Source::of_sale(sale);
    for line in lines {
        let quantity = line.quantity.times_pack(line.pack)?;
        if quantity.is_zero() {
            return Err(Reject::field(Code::OutOfRange, "quantity").into());
        }
        let movement = Movement {
            product_id: line.product_id,
            name: &line.name,
            quantity,
            from_id: stand.till.location_id,
            to_id: stand.customer_location,
            reason: MoveReason::Sale,
            line: line.line,
            value_in: None,
            unit_cost: None,
        };
        move_stock(exec, &source, &movement)?;
    }
    Ok(())
}

/// Tenders, taxes, postings and the shift's totals of a sale or refund; the sale's figures already have their sign.
pub(super) fn write_money(exec: &mut Exec<'_>, stand: &Stand, sale: &Sale, taxes: &[SaleTax], tenders: &[Tender]) -> Result<(), Halt> {
    let scope = Exec::warehouse_scope(stand.shift.warehouse_id);
    let mut entries: Vec<Entry> = Vec::new();
    for (ordinal, tender) in (0_i64..).zip(tenders) {
        let amount = sale.kind.signed(tender.amount)?;
        let given = sale.kind.signed(tender.given)?;
        let row = SaleTender { sale_id: sale.id, ordinal, kind: tender.kind, amount, given, reference: tender.reference.clone() };
        exec.world.insert(scope, row);
        entries.push(tender_entry(&stand.till, tender.kind, amount));
        add_total(exec, &stand.shift, TotalKind::Tender, tender.kind.word(), 1, amount)?;
        if tender.kind == TenderKind::Cash {
            add_total(exec, &stand.shift, TotalKind::Drawer, "", 0, amount)?;
        }
    }
    for tax in taxes {
        let detail = tax.tax_id.to_string();
        exec.world.insert(scope, tax.clone());
        entries.push((Account::Sales, detail.clone(), tax.base.negated()?, 0));
        entries.push((Account::Tax, detail.clone(), tax.tax.negated()?, 0));
        add_total(exec, &stand.shift, TotalKind::TaxBase, &detail, 1, tax.base)?;
        add_total(exec, &stand.shift, TotalKind::TaxAmount, &detail, 1, tax.tax)?;
    }
    entries.push((Account::Rounding, String::new(), sale.rounding.negated()?, 0));
    if !sale.rounding.is_zero() {
        add_total(exec, &stand.shift, TotalKind::Rounding, "", 1, sale.rounding)?;
    }
    if !sale.discount.is_zero() {
        add_total(exec, &stand.shift, TotalKind::Discounts, "", 1, sale.discount)?;
    }
    let kind = if sale.kind == SaleKind::Sale { TotalKind::Sales } else { TotalKind::Refunds };
    add_total(exec, &stand.shift, kind, "", 1, sale.total)?;
    post(exec, &Draft::of_shift(&stand.shift, DocumentKind::Sale, sale.id.0), &entries)?;
    let cash = tenders.iter().filter(|tender| tender.kind == TenderKind::Cash);
    let cash = sale.kind.signed(Money::sum(cash.map(|tender| tender.amount))?)?;
    correct_closed_drawer(exec, &stand.shift, cash)
}

fn tender_entry(till: &Till, kind: TenderKind, amount: Money) -> Entry {
    match kind {
        TenderKind::Cash => (Account::Drawer, till.id.to_string(), amount, 0),
        TenderKind::Card => (Account::Card, String::new(), amount, 0),
        TenderKind::Transfer => (Account::Transfer, String::new(), amount, 0),
    }
}

/// Decides [`Park`].
pub(super) fn park(exec: &mut Exec<'_>, park: &Park) -> Result<Outcome, Halt> {
    check_line(&park.name, "name", NAME_LIMIT)?;
    check_line(&park.tax_number, "tax_number", TAX_NUMBER_LIMIT)?;
    if park.cart.lines.is_empty() {
        return Err(Reject::new(Code::LinesEmpty).into());
    }
    let figures = price(&park.cart)?;
    exec.check_fresh::<ParkedCart>(&ParkedCartKey { id: park.parked_cart_id }, park.parked_cart_id.0)?;
    if !exec.world.has::<Till>(&TillKey { id: park.till_id })? {
        return Err(Reject::new(Code::NotFound).with("what", "till").into());
    }
    if let Some(id) = park.replaces {
        remove_parked(exec, id)?;
    }
    let parked = exec.world.under::<ParkedCart>(0, park.till_id.to_value())?;
    if parked.len() >= PARKED_LIMIT {
        let scope = crate::world::Scope::of_id(exec.envelope.device.0);
        exec.refuse_or_flag(Reject::field(Code::TooLong, "parked").with("limit", PARKED_LIMIT), park.till_id.0, scope)?;
    }
    let cart = serde_json::to_string(&park.cart).map_err(|_| Reject::field(Code::Format, "cart"))?;
    let row = ParkedCart {
        id: park.parked_cart_id,
        till_id: park.till_id,
        name: park.name.clone(),
        tax_number: park.tax_number.clone(),
        at: exec.at(),
        lines: i64::try_from(park.cart.lines.len()).unwrap_or(i64::MAX),
        total: figures.total,
        cart,
    };
    exec.world.insert(crate::world::Scope::of_id(exec.envelope.device.0), row);
    Ok(Outcome::event(Event::ParkedChanged))
}

/// Decides [`Unpark`].
pub(super) fn unpark(exec: &mut Exec<'_>, unpark: &Unpark) -> Result<Outcome, Halt> {
    remove_parked(exec, unpark.parked_cart_id)?;
    Ok(Outcome::event(Event::ParkedChanged))
}

/// A cart that is gone already was taken up on another screen: nothing to do.
fn remove_parked(exec: &mut Exec<'_>, id: crate::ids::ParkedCartId) -> Result<(), Halt> {
    let key = ParkedCartKey { id };
    if exec.world.find::<ParkedCart>(&key)?.is_some() {
        exec.world.remove::<ParkedCart>(key);
    }
    Ok(())
}
