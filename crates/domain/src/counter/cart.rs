//! From a cart to its figures: price, discount, tax, rounding, change. Pure, used by the screen while typing
//! and by the command that checks what the screen said.

use serde::{Deserialize, Serialize};

use super::{LINES_LIMIT, TENDERS_LIMIT, Tender, TenderKind};
use crate::ids::{ProductId, TaxId};
use crate::reject::{Code, Reject};
use crate::settings::TaxMode;
use crate::text::{CODE_LIMIT, NAME_LIMIT, check_line, check_name};
use crate::units::{Money, Quantity, Rate, UnitPrice};

/// The most that is handed over: above it is a barcode typed as an amount. Twice the largest cart, for its tax.
const GIVEN_LIMIT: Money = Money(Money::LIMIT.0 * 2);

/// A discount as given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    /// None.
    #[default]
    None,
    /// Part of the amount, 0–100 %.
    Percent(Rate),
    /// An amount off, not more than there is.
    Amount(Money),
}

/// A line of a cart: the product as it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// The product.
    pub product_id: ProductId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The unit or pack sold.
    pub unit: String,
    /// The barcode scanned, may be empty.
    #[serde(default)]
    pub barcode: String,
    /// Base units in one unit sold; 1000 for the product itself.
    pub pack: Quantity,
    /// How many, above zero.
    pub quantity: Quantity,
    /// Price of the list.
    pub list_price: UnitPrice,
    /// Price asked; the list's unless a person changed it.
    pub unit_price: UnitPrice,
    /// Discount on this line.
    #[serde(default)]
    pub discount: Discount,
    /// Tax class.
    pub tax_id: TaxId,
    /// Its name.
    pub tax_name: String,
    /// Its rate.
    pub tax_rate: Rate,
}

/// What is being sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// Whether prices contain the tax.
    pub tax_mode: TaxMode,
    /// The lines.
    pub lines: Vec<CartLine>,
    /// Discount on the whole, spread over the lines.
    #[serde(default)]
    pub discount: Discount,
}

/// What a line comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFigures {
    /// Quantity × price.
    pub gross: Money,
    /// Its own discount.
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

/// What a tax class comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxFigures {
    /// Tax class.
    pub tax_id: TaxId,
    /// Its name.
    pub name: String,
    /// Its rate.
    pub rate: Rate,
    /// Without tax.
    pub base: Money,
    /// Tax.
    pub tax: Money,
}

/// What a cart comes to. Lines sum to taxes sum to totals, exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartFigures {
    /// Line by line.
    pub lines: Vec<LineFigures>,
    /// By tax class, in the order they first appear.
    pub taxes: Vec<TaxFigures>,
    /// Quantity × price of all lines.
    pub gross: Money,
    /// All discounts.
    pub discount: Money,
    /// Without tax.
    pub base: Money,
    /// Tax.
    pub tax: Money,
    /// To pay.
    pub total: Money,
}

impl Discount {
    /// The amount it takes off.
    pub fn of(self, amount: Money) -> Result<Money, Reject> {
        match self {
            Self::None => Ok(Money::ZERO),
            Self::Percent(rate) if rate.is_negative() || rate > Rate::WHOLE => Err(Reject::field(Code::OutOfRange, "discount")),
            Self::Percent(rate) => amount.share(rate),
            Self::Amount(off) if off.is_negative() || off > amount => Err(Reject::field(Code::OutOfRange, "discount")),
            Self::Amount(off) => Ok(off),
        }
    }

    /// As a part of the amount it took `off` of.
    fn rate_of(self, amount: Money, off: Money) -> Rate {
        match self {
            _ if amount.is_zero() => Rate::ZERO,
            Self::None => Rate::ZERO,
            Self::Percent(rate) => rate,
            Self::Amount(_) => part(off, amount),
        }
    }
}

impl CartLine {
    /// Whether another price is asked than the list's. What has no price in the list is asked for its price.
    pub fn has_other_price(&self) -> bool {
        self.unit_price != self.list_price && !self.list_price.is_zero()
    }

    fn check(&self) -> Result<(), Reject> {
        check_name(&self.name, "name", NAME_LIMIT)?;
        check_line(&self.code, "code", CODE_LIMIT)?;
        check_line(&self.unit, "unit", CODE_LIMIT)?;
        check_line(&self.barcode, "barcode", CODE_LIMIT)?;
        check_line(&self.tax_name, "tax", NAME_LIMIT)?;
        if self.quantity <= Quantity::ZERO || self.quantity > Quantity::SOLD_LIMIT {
            return Err(Reject::field(Code::OutOfRange, "quantity"));
        }
        if self.pack <= Quantity::ZERO {
            return Err(Reject::field(Code::OutOfRange, "pack"));
        }
        if self.quantity.times_pack(self.pack).map_err(|reject| reject.about("quantity"))? > Quantity::SOLD_LIMIT {
            return Err(Reject::field(Code::OutOfRange, "quantity"));
        }
        let is_price = |price: UnitPrice| (UnitPrice::ZERO..=UnitPrice::LIMIT).contains(&price);
        if !is_price(self.unit_price) || !is_price(self.list_price) {
            return Err(Reject::field(Code::OutOfRange, "price"));
        }
        if self.tax_rate.is_negative() || self.tax_rate > Rate::WHOLE {
            return Err(Reject::field(Code::OutOfRange, "tax"));
        }
        Ok(())
    }
}

/// What the cart comes to.
///
/// Tax is found for each class on the sum of its lines, then spread over them by largest remainder: the
/// invoice is right to the unit, and its lines still sum to it.
pub fn price(cart: &Cart) -> Result<CartFigures, Reject> {
    if cart.lines.len() > LINES_LIMIT {
        return Err(Reject::field(Code::TooLong, "lines").with("limit", LINES_LIMIT));
    }
    let mut lines = Vec::with_capacity(cart.lines.len());
    for line in &cart.lines {
        line.check()?;
        let gross = line.unit_price.times(line.quantity).map_err(|reject| reject.about("price"))?;
        if gross > Money::LIMIT {
            return Err(Reject::field(Code::OutOfRange, "price"));
        }
        let discount = line.discount.of(gross)?;
        lines.push(LineFigures { gross, discount, ..LineFigures::default() });
    }
    spread_cart_discount(cart, &mut lines)?;
    let taxes = tax_lines(cart, &mut lines)?;
    let total = |pick: fn(&LineFigures) -> Money| Money::sum(lines.iter().map(pick));
    let gross = total(|line| line.gross)?;
    if gross > Money::LIMIT {
        return Err(Reject::field(Code::OutOfRange, "total"));
    }
    Ok(CartFigures {
        gross,
        discount: total(|line| line.discount)?.plus(total(|line| line.cart_discount)?)?,
        base: total(|line| line.base)?,
        tax: total(|line| line.tax)?,
        total: total(|line| line.total)?,
        taxes,
        lines,
    })
}

/// How much of its price a cart lets go: the largest part of a line, or of the whole. A percentage counts as it was given,
/// whatever became of it by rounding.
pub fn discount_rate(cart: &Cart, figures: &CartFigures) -> Rate {
    let lines = cart.lines.iter().zip(&figures.lines);
    let has_line_discount = figures.lines.iter().any(|line| !line.discount.is_zero());
    let of_whole = match cart.discount {
        Discount::None => Rate::ZERO,
        Discount::Percent(rate) if !has_line_discount => rate,
        Discount::Percent(_) | Discount::Amount(_) => part(figures.discount, figures.gross),
    };
    lines.map(|(line, figures)| line.discount.rate_of(figures.gross, figures.discount)).fold(of_whole, Rate::max)
}

/// The smallest rate whose share is that much.
fn part(off: Money, gross: Money) -> Rate {
    if off <= Money::ZERO || gross <= Money::ZERO {
        return Rate::ZERO;
    }
    let (off, gross, whole) = (i128::from(off.0), i128::from(gross.0), i128::from(Rate::WHOLE.0));
    // `off` is at most `gross`: it fits.
    i64::try_from((off * whole + gross - 1) / gross).map_or(Rate::WHOLE, Rate)
}

fn after_line_discount(line: &LineFigures) -> Result<Money, Reject> {
    line.gross.minus(line.discount)
}

fn spread_cart_discount(cart: &Cart, lines: &mut [LineFigures]) -> Result<(), Reject> {
    let nets = lines.iter().map(after_line_discount).collect::<Result<Vec<_>, _>>()?;
    let off = cart.discount.of(Money::sum(nets.iter().copied())?)?;
    let weights: Vec<i64> = nets.iter().map(|net| net.0).collect();
    for (line, part) in lines.iter_mut().zip(off.spread(&weights)?) {
        line.cart_discount = part;
    }
    Ok(())
}

fn tax_lines(cart: &Cart, lines: &mut [LineFigures]) -> Result<Vec<TaxFigures>, Reject> {
    let mut taxes: Vec<TaxFigures> = Vec::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (index, line) in cart.lines.iter().enumerate() {
        match taxes.iter().position(|tax| tax.tax_id == line.tax_id && tax.rate == line.tax_rate) {
            Some(position) => members[position].push(index),
            None if taxes.iter().any(|tax| tax.tax_id == line.tax_id) => {
                // One class, two rates in one cart: the rate was edited meanwhile. The line must be scanned again.
                return Err(Reject::field(Code::Format, "tax"));
            }
            None => {
                taxes.push(TaxFigures { tax_id: line.tax_id, name: line.tax_name.clone(), rate: line.tax_rate, base: Money::ZERO, tax: Money::ZERO });
                members.push(vec![index]);
            }
        }
    }
    for (tax, members) in taxes.iter_mut().zip(&members) {
        let mut nets = Vec::with_capacity(members.len());
        for index in members {
            nets.push(after_line_discount(&lines[*index])?.minus(lines[*index].cart_discount)?);
        }
        let net = Money::sum(nets.iter().copied())?;
        tax.tax = match cart.tax_mode {
            TaxMode::Inclusive => net.tax_within(tax.rate)?,
            TaxMode::Exclusive => net.share(tax.rate)?,
        };
        let weights: Vec<i64> = nets.iter().map(|net| net.0).collect();
        for ((index, net), line_tax) in members.iter().zip(nets).zip(tax.tax.spread(&weights)?) {
            let line = &mut lines[*index];
            line.tax = line_tax;
            line.base = if cart.tax_mode == TaxMode::Inclusive { net.minus(line_tax)? } else { net };
            line.total = line.base.plus(line_tax)?;
            tax.base = tax.base.plus(line.base)?;
        }
    }
    Ok(taxes)
}

/// What cash rounding adds when `left` of a total is paid in cash: zero unless the currency has no coin for it.
pub fn cash_rounding(left: Money, cash_step: Money) -> Result<Money, Reject> {
    left.to_step(cash_step)?.minus(left)
}

/// Whether tenders pay `total` with this rounding. Rounding needs cash, and is less than one step.
pub fn check_tenders(total: Money, tenders: &[Tender], rounding: Money, cash_step: Money) -> Result<(), Reject> {
    if tenders.len() > TENDERS_LIMIT {
        return Err(Reject::field(Code::TooLong, "tenders").with("limit", TENDERS_LIMIT));
    }
    for tender in tenders {
        check_line(&tender.reference, "reference", NAME_LIMIT)?;
        if tender.amount <= Money::ZERO
            || tender.given > GIVEN_LIMIT
            || tender.given < tender.amount
            || (tender.kind != TenderKind::Cash && tender.given != tender.amount)
        {
            return Err(Reject::field(Code::OutOfRange, "tender"));
        }
    }
    let has_cash = tenders.iter().any(|tender| tender.kind == TenderKind::Cash);
    // A total of less than half a step is rounded away whole: then there is no tender at all.
    let may_round = has_cash || tenders.is_empty();
    if !rounding.is_zero() && (!may_round || rounding.0.checked_abs().is_none_or(|size| size >= cash_step.0.max(1))) {
        return Err(Reject::field(Code::OutOfRange, "rounding"));
    }
    let due = total.plus(rounding)?;
    let paid = Money::sum(tenders.iter().map(|tender| tender.amount))?;
    if paid < due {
        return Err(Reject::new(Code::TenderShort).with("missing", due.minus(paid)?.0));
    }
    if paid > due {
        return Err(Reject::field(Code::OutOfRange, "tender"));
    }
    Ok(())
}

/// One cash tender for the whole total, exact: the happy path of the counter.
pub fn exact_cash(total: Money, cash_step: Money) -> Result<(Vec<Tender>, Money), Reject> {
    let rounding = cash_rounding(total, cash_step)?;
    let due = total.plus(rounding)?;
    let tenders = if due.is_zero() { Vec::new() } else { vec![Tender { kind: TenderKind::Cash, amount: due, given: due, reference: String::new() }] };
    Ok((tenders, rounding))
}
