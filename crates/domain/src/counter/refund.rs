//! Refunds: the exact negation of stored lines, never more than is left of them.

use super::cart::cash_rounding;
use super::sell::{Stand, check_number_is_new, check_paid, receipt_number, stand, write_money};
use super::shift::{wish_shift, wish_totals};
use super::{LINES_LIMIT, Refund, RefundLine, Sale, SaleKey, SaleKind, SaleLine, SaleLineRefunded, SaleTax, SaleTender, Sold, Tender, TenderKind};
use crate::cell::Cell;
use crate::command::{Event, Exec, Outcome};
use crate::history::{Horizon, HorizonKey};
use crate::ids::LocationId;
use crate::reject::{Code, Reject};
use crate::settings::TaxMode;
use crate::stock::{
    LocationKind, MoveReason, MoveValue, MoveValueKey, Movement, Source, StockMove, find_location_of_kind, move_stock, wish_movement,
};
use crate::text::check_note;
use crate::units::{Money, Quantity};
use crate::world::{Halt, World};

/// A part of a sold line, amounts as they were sold (above zero).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefundPart {
    /// Quantity × price.
    pub gross: Money,
    /// The line's discount.
    pub discount: Money,
    /// Its part of the cart's discount.
    pub cart_discount: Money,
    /// Without tax.
    pub base: Money,
    /// Tax.
    pub tax: Money,
    /// Base and tax.
    pub total: Money,
}

/// `amount × (before + quantity) ÷ sold − amount × before ÷ sold`: parts of a line sum to the line, whatever
/// order and sizes they come back in.
fn share_between(amount: Money, sold: Quantity, before: Quantity, quantity: Quantity) -> Result<Money, Reject> {
    let after = before.plus(quantity)?;
    amount.times_fraction(after.0, sold.0)?.minus(amount.times_fraction(before.0, sold.0)?)
}

/// What `quantity` of a line is worth when `before` of it came back already.
pub fn part_of_line(line: &SaleLine, tax_mode: TaxMode, before: Quantity, quantity: Quantity) -> Result<RefundPart, Reject> {
    let left = line.quantity.minus(before)?;
    if quantity <= Quantity::ZERO {
        return Err(Reject::field(Code::OutOfRange, "quantity"));
    }
    if quantity > left {
        return Err(Reject::new(Code::MoreThanRefundable).with("left", left).with("name", &line.name));
    }
    let share = |amount: Money| share_between(amount, line.quantity, before, quantity);
    let (gross, tax, cart_discount) = (share(line.gross)?, share(line.tax)?, share(line.cart_discount)?);
    // The rounded figure is the one the customer saw: with tax where prices contain it, without where not.
    let (base, total) = match tax_mode {
        TaxMode::Inclusive => {
            let total = share(line.total)?;
            (total.minus(tax)?, total)
        }
        TaxMode::Exclusive => {
            let base = share(line.base)?;
            (base, base.plus(tax)?)
        }
    };
    let net = if tax_mode == TaxMode::Inclusive { total } else { base };
    let discount = gross.minus(cart_discount)?.minus(net)?;
    Ok(RefundPart { gross, discount, cart_discount, base, tax, total })
}

/// What is given back for these lines: the figure the screen shows and the command carries.
pub fn refund_figures(
    sale: &Sale,
    lines: &[SaleLine],
    refunded: &[(i64, Quantity)],
    wanted: &[RefundLine],
) -> Result<(Money, Vec<RefundPart>), Reject> {
    let mut parts = Vec::with_capacity(wanted.len());
    for (index, want) in wanted.iter().enumerate() {
        let line = lines.iter().find(|line| line.line == want.line).ok_or_else(|| Reject::new(Code::NotFound).with("what", "line"))?;
        if wanted[..index].iter().any(|earlier| earlier.line == want.line) {
            return Err(Reject::field(Code::Format, "lines"));
        }
        let before = refunded.iter().find(|(number, _)| *number == want.line).map_or(Quantity::ZERO, |(_, quantity)| *quantity);
        parts.push(part_of_line(line, sale.tax_mode, before, want.quantity)?);
    }
    Ok((Money::sum(parts.iter().map(|part| part.total))?, parts))
}

/// How to give it back: the whole sale at once by its own tenders and rounding; else by the tender that paid most,
/// and to no card or account more than it paid less what it got back already.
pub fn refund_tenders(
    sale: &Sale,
    tenders: &[SaleTender],
    given_back: &[(TenderKind, Money)],
    total: Money,
    cash_step: Money,
) -> Result<(Vec<Tender>, Money), Reject> {
    let tender = |kind, amount, reference: &str| Tender { kind, amount, given: amount, reference: reference.to_owned() };
    if total == sale.total {
        let back = tenders.iter().map(|row| tender(row.kind, row.amount, &row.reference)).collect();
        return Ok((back, sale.rounding));
    }
    let mut by_size: Vec<&SaleTender> = tenders.iter().collect();
    by_size.sort_by_key(|row| std::cmp::Reverse(row.amount));
    let (mut back, mut left) = (Vec::new(), total);
    let mut earlier = given_back.to_vec();
    for row in by_size {
        if row.kind == TenderKind::Cash || left.is_zero() {
            // Cash takes all that is left: a drawer gives back whatever the receipt says.
            break;
        }
        let amount = left.min(room_of(row, &mut earlier)?);
        if amount.is_zero() {
            continue;
        }
        back.push(tender(row.kind, amount, ""));
        left = left.minus(amount)?;
    }
    let rounding = cash_rounding(left, cash_step)?;
    let cash = left.plus(rounding)?;
    if !cash.is_zero() {
        back.push(tender(TenderKind::Cash, cash, ""));
        return Ok((back, rounding));
    }
    match back.last_mut() {
        // Less than half a coin beside a card: the card takes it.
        Some(last) if !left.is_zero() => {
            last.amount = last.amount.plus(left)?;
            last.given = last.amount;
            Ok((back, Money::ZERO))
        }
        _ => Ok((back, rounding)),
    }
}

/// What a tender can still take back, and takes from what its kind got back `earlier` the part that was this one's.
fn room_of(row: &SaleTender, earlier: &mut [(TenderKind, Money)]) -> Result<Money, Reject> {
    let Some((_, before)) = earlier.iter_mut().find(|(kind, _)| *kind == row.kind) else { return Ok(row.amount) };
    let used = row.amount.min(*before).max(Money::ZERO);
    *before = before.minus(used)?;
    row.amount.minus(used)
}

/// Asks for all that a refund names itself, before anything is decided.
pub(super) fn wish_named(exec: &mut Exec<'_>, refund: &Refund) {
    let index_sale = refund.sale_id.to_value();
    exec.world.wish::<Sale>(&SaleKey { id: refund.refund_id });
    exec.world.wish::<Sale>(&SaleKey { id: refund.sale_id });
    exec.world.wish_under::<SaleLine>(0, index_sale.clone());
    exec.world.wish_under::<SaleTax>(0, index_sale.clone());
    exec.world.wish_under::<SaleLineRefunded>(0, index_sale.clone());
    exec.world.wish_under::<StockMove>(0, index_sale);
    wish_shift(exec, refund.shift_id);
    wish_totals(exec, refund.shift_id, &[], &refund.tenders);
    if let Some(print) = &refund.print {
        crate::printing::wish_job(exec, print);
    }
}

/// Puts the sale into the refund, if it is here.
pub(super) fn carry(world: &mut World, refund: &mut Refund) -> Result<(), Halt> {
    let index_sale = refund.sale_id.to_value();
    world.wish::<Sale>(&SaleKey { id: refund.sale_id });
    world.wish_under::<SaleLine>(0, index_sale.clone());
    world.wish_under::<SaleTax>(0, index_sale.clone());
    world.granted()?;
    let Some(sale) = world.find::<Sale>(&SaleKey { id: refund.sale_id })? else { return Ok(()) };
    let mut lines = world.under::<SaleLine>(0, index_sale.clone())?;
    lines.retain(|line| refund.lines.iter().any(|want| want.line == line.line));
    refund.sold = Some(Box::new(Sold { sale, lines, taxes: world.under::<SaleTax>(0, index_sale)? }));
    Ok(())
}

/// Whether copies no longer keep what is of the sale's day.
fn is_forgotten(exec: &mut Exec<'_>, sale: &Sale) -> Result<bool, Halt> {
    let horizon = exec.world.find::<Horizon>(&HorizonKey { id: exec.envelope.company })?;
    Ok(horizon.is_some_and(|horizon| sale.business_date < horizon.kept_from))
}

/// The sale as it is known; where it is not, as the refund tells it, and a person is told. A till may have asked its server
/// for a sale that is too old for it: that one is as good as known.
fn sold(exec: &mut Exec<'_>, stand: &Stand, refund: &Refund) -> Result<Sold, Halt> {
    let index_sale = refund.sale_id.to_value();
    if let Some(sale) = exec.world.find::<Sale>(&SaleKey { id: refund.sale_id })? {
        let lines = exec.world.under::<SaleLine>(0, index_sale.clone())?;
        return Ok(Sold { sale, lines, taxes: exec.world.under::<SaleTax>(0, index_sale)? });
    }
    let unknown = Reject::new(Code::NotFound).with("what", "sale");
    let is_of_sale = |sold: &&Sold| {
        sold.sale.id == refund.sale_id && sold.lines.len() <= LINES_LIMIT && sold.lines.iter().all(|line| line.sale_id == refund.sale_id)
    };
    let Some(sold) = refund.sold.as_deref().filter(is_of_sale) else { return Err(unknown.into()) };
    if exec.is_fact_again() || !is_forgotten(exec, &sold.sale)? {
        exec.refuse_or_flag(unknown, refund.refund_id.0, Exec::warehouse_scope(stand.shift.warehouse_id))?;
    }
    Ok(Sold::clone(sold))
}

/// Asks for what the lines touch: one load for all of them.
fn wish_lines(exec: &mut Exec<'_>, stand: &Stand, refund: &Refund, lines: &[SaleLine], moves: &[StockMove], back_to: LocationId) {
    let wanted = |number: i64| refund.lines.iter().any(|want| want.line == number);
    for line in lines.iter().filter(|line| wanted(line.line)) {
        wish_movement(exec, line.product_id, stand.shift.warehouse_id, &[back_to, stand.customer_location]);
        wish_totals(exec, stand.shift.id, &[line.tax_id], &[]);
    }
    for sold in moves.iter().filter(|sold| wanted(sold.line)) {
        exec.world.wish::<MoveValue>(&value_key(sold));
    }
}

/// Decides [`Refund`].
pub(super) fn refund(exec: &mut Exec<'_>, refund: &Refund) -> Result<Outcome, Halt> {
    check_note(&refund.note, "note")?;
    if refund.lines.is_empty() {
        return Err(Reject::new(Code::LinesEmpty).into());
    }
    let index_sale = refund.sale_id.to_value();
    exec.check_fresh::<Sale>(&SaleKey { id: refund.refund_id }, refund.refund_id.0)?;
    let stand = stand(exec, refund.shift_id)?;
    let Sold { sale, lines, taxes: sold_taxes } = sold(exec, &stand, refund)?;
    if sale.kind != SaleKind::Sale {
        return Err(Reject::new(Code::NotAllowedInState).with("action", "refund").with("state", "refund").into());
    }
    let refunded: Vec<(i64, Quantity)> =
        exec.world.under::<SaleLineRefunded>(0, index_sale.clone())?.iter().map(|row| (row.line, row.quantity)).collect();
    let parts = match refund_figures(&sale, &lines, &refunded, &refund.lines) {
        Ok((total, parts)) if total == refund.total => parts,
        _ if exec.is_fact_again() => given_back(exec, &stand, refund, &sale, &lines, &refunded)?,
        Ok(_) => return Err(Reject::field(Code::Format, "figures").into()),
        Err(reject) => return Err(reject.into()),
    };
    check_paid(exec, &stand, refund.total, &refund.tenders, refund.rounding, refund.refund_id.0)?;
    if refund.tenders.iter().any(|tender| tender.given != tender.amount) {
        return Err(Reject::field(Code::OutOfRange, "tender").into());
    }

    let back_to = if refund.restock { stand.till.location_id } else { find_location_of_kind(exec, stand.shift.warehouse_id, LocationKind::Returns)? };
    let moves = exec.world.under::<StockMove>(0, index_sale)?;
    wish_lines(exec, &stand, refund, &lines, &moves, back_to);
    exec.world.granted()?;
    let number = receipt_number(&stand.company.code, stand.till.number, stand.number);
    check_number_is_new(exec, &stand, &number, refund.refund_id.0)?;
    let row = refund_row(exec, &stand, refund, &sale, &parts, &number, back_to)?;
    let scope = Exec::warehouse_scope(stand.shift.warehouse_id);
    exec.world.insert(scope, row.clone());
    let goods = Goods { stand: &stand, moves: &moves, row: &row, back_to };
    let mut taxes: Vec<SaleTax> = Vec::new();
    let mut returns = Vec::with_capacity(refund.lines.len());
    for ((want, part), ordinal) in refund.lines.iter().zip(&parts).zip(1_i64..) {
        let Some(line) = lines.iter().find(|line| line.line == want.line) else { continue };
        let back = refund_line_row(&row, line, want, part, ordinal)?;
        add_tax(&mut taxes, &sold_taxes, &back)?;
        let before = refunded.iter().find(|(number, _)| *number == want.line).map_or(Quantity::ZERO, |(_, quantity)| *quantity);
        exec.world.insert(scope, back.clone());
        note_refunded(exec, &sale, want, before)?;
        returns.push((line, back, before));
    }
    // What left last comes back first: then the stock's value goes back through the states it came from.
    returns.sort_by_key(|(line, ..)| std::cmp::Reverse(line.line));
    for (line, back, before) in &returns {
        take_back(exec, &goods, line, back, *before)?;
    }
    write_money(exec, &stand, &row, &taxes, &refund.tenders)?;
    if let Some(print) = &refund.print {
        crate::printing::write_job(exec, print, &row)?;
    }
    Ok(Outcome::document(number, vec![Event::SaleMade, Event::StockChanged, Event::ShiftChanged]))
}

/// A refund that was given elsewhere when less had come back: the money that was given stands, with its parts as the
/// lines have them, and a person is told. Where nothing is left of a line its last units count twice.
fn given_back(
    exec: &mut Exec<'_>,
    stand: &Stand,
    refund: &Refund,
    sale: &Sale,
    lines: &[SaleLine],
    refunded: &[(i64, Quantity)],
) -> Result<Vec<RefundPart>, Halt> {
    let as_possible: Vec<(i64, Quantity)> = lines
        .iter()
        .map(|line| {
            let before = refunded.iter().find(|(number, _)| *number == line.line).map_or(Quantity::ZERO, |(_, quantity)| *quantity);
            let wanted = refund.lines.iter().find(|want| want.line == line.line).map_or(Quantity::ZERO, |want| want.quantity);
            Ok((line.line, before.min(line.quantity.minus(wanted)?).max(Quantity::ZERO)))
        })
        .collect::<Result<_, Reject>>()?;
    // What no state of the sale allows (more than was sold) is malformed, not a fact.
    let (total, mut parts) = refund_figures(sale, lines, &as_possible, &refund.lines)?;
    let difference = refund.total.minus(total)?;
    if let Some(last) = parts.last_mut() {
        last.gross = last.gross.plus(difference)?;
        last.base = last.base.plus(difference)?;
        last.total = last.total.plus(difference)?;
    }
    exec.refuse_or_flag(Reject::new(Code::MoreThanRefundable), sale.id.0, Exec::warehouse_scope(stand.shift.warehouse_id))?;
    Ok(parts)
}

fn refund_row(
    exec: &Exec<'_>,
    stand: &Stand,
    refund: &Refund,
    sale: &Sale,
    parts: &[RefundPart],
    number: &str,
    back_to: LocationId,
) -> Result<Sale, Reject> {
    let sum = |pick: fn(&RefundPart) -> Money| Money::sum(parts.iter().map(pick))?.negated();
    Ok(Sale {
        id: refund.refund_id,
        number: number.to_owned(),
        series: stand.number.series,
        seq: stand.number.seq,
        kind: SaleKind::Refund,
        refund_of: Some(sale.id),
        shift_id: stand.shift.id,
        till_id: stand.till.id,
        warehouse_id: stand.shift.warehouse_id,
        location_id: back_to,
        business_date: stand.shift.business_date,
        at: exec.at(),
        person_id: exec.envelope.actor,
        device_id: exec.envelope.device,
        tax_mode: sale.tax_mode,
        gross: sum(|part| part.gross)?,
        discount: sum(|part| part.discount)?.plus(sum(|part| part.cart_discount)?)?,
        base: sum(|part| part.base)?,
        tax: sum(|part| part.tax)?,
        total: sum(|part| part.total)?,
        rounding: refund.rounding.negated()?,
        given: Money::sum(refund.tenders.iter().map(|tender| tender.given))?.negated()?,
        change: Money::ZERO,
        cart_discount: String::new(),
        customer_name: sale.customer_name.clone(),
        customer_tax_number: sale.customer_tax_number.clone(),
        note: refund.note.clone(),
        approved_by: refund.approval.as_ref().map(|approval| approval.person_id),
    })
}

fn refund_line_row(row: &Sale, line: &SaleLine, want: &RefundLine, part: &RefundPart, ordinal: i64) -> Result<SaleLine, Reject> {
    Ok(SaleLine {
        sale_id: row.id,
        line: ordinal,
        quantity: want.quantity.negated()?,
        gross: part.gross.negated()?,
        discount: part.discount.negated()?,
        cart_discount: part.cart_discount.negated()?,
        base: part.base.negated()?,
        tax: part.tax.negated()?,
        total: part.total.negated()?,
        refund_of_line: Some(line.line),
        ..line.clone()
    })
}

fn add_tax(taxes: &mut Vec<SaleTax>, sold: &[SaleTax], line: &SaleLine) -> Result<(), Reject> {
    if let Some(tax) = taxes.iter_mut().find(|tax| tax.tax_id == line.tax_id) {
        tax.base = tax.base.plus(line.base)?;
        tax.tax = tax.tax.plus(line.tax)?;
        return Ok(());
    }
    let name = sold.iter().find(|tax| tax.tax_id == line.tax_id).map_or(String::new(), |tax| tax.name.clone());
    taxes.push(SaleTax { sale_id: line.sale_id, tax_id: line.tax_id, name, rate: line.tax_rate, base: line.base, tax: line.tax });
    Ok(())
}

struct Goods<'a> {
    stand: &'a Stand,
    /// What left with the sale.
    moves: &'a [StockMove],
    row: &'a Sale,
    back_to: LocationId,
}

/// Goods come back at the value they left with, so that a sale and its refund leave no trace in the stock's value.
fn take_back(exec: &mut Exec<'_>, goods: &Goods<'_>, line: &SaleLine, back: &SaleLine, before: Quantity) -> Result<(), Halt> {
    let quantity = back.quantity.negated()?;
    let (units_before, units) = share_of_pack(line, before, quantity)?;
    if units.is_zero() {
        return Ok(());
    }
    let value_in = match goods.moves.iter().find(|sold| sold.line == line.line) {
        None => None,
        Some(sold) => match exec.world.find::<MoveValue>(&value_key(sold))? {
            None => None,
            Some(value) => Some(share_between(value.value, sold.quantity, units_before, units)?),
        },
    };
    let movement = Movement {
        product_id: line.product_id,
        name: &line.name,
        quantity: units,
        from_id: goods.stand.customer_location,
        to_id: goods.back_to,
        reason: MoveReason::Refund,
        line: back.line,
        value_in,
        unit_cost: None,
    };
    move_stock(exec, &Source::of_sale(goods.row), &movement)
}

const fn value_key(sold: &StockMove) -> MoveValueKey {
    MoveValueKey { command_id: sold.command_id, ordinal: sold.ordinal }
}

/// Base units that came back before, and those of this part: parts sum to what was moved out.
fn share_of_pack(line: &SaleLine, before: Quantity, quantity: Quantity) -> Result<(Quantity, Quantity), Reject> {
    let units_before = before.times_pack(line.pack)?;
    let units_after = before.plus(quantity)?.times_pack(line.pack)?;
    Ok((units_before, units_after.minus(units_before)?))
}

fn note_refunded(exec: &mut Exec<'_>, sale: &Sale, want: &RefundLine, before: Quantity) -> Result<(), Reject> {
    let row = SaleLineRefunded { sale_id: sale.id, line: want.line, quantity: before.plus(want.quantity)? };
    if before.is_zero() {
        exec.world.insert(Exec::warehouse_scope(sale.warehouse_id), row);
    } else {
        exec.world.update(row);
    }
    Ok(())
}
