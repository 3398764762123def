//! Moving stock: the move, both balances, and the value that goes with it (moving average).

use super::{
    Balance, BalanceKey, DocumentKind, Location, LocationKey, LocationKind, MoveReason, MoveValue, StockDocument, StockMove, StockValue,
    StockValueKey,
};
use crate::attention::AttentionKind;
use crate::cell::Cell;
use crate::command::Exec;
use crate::counter::Sale;
use crate::ids::{LocationId, LotId, ProductId, WarehouseId};
use crate::reject::{Code, Reject};
use crate::time::BusinessDate;
use crate::units::{Money, Quantity, UnitPrice};
use crate::world::{Halt, Scope};

/// The document a move belongs to.
pub(crate) struct Source<'a> {
    kind: DocumentKind,
    id: uuid::Uuid,
    number: &'a str,
    warehouse_id: WarehouseId,
    business_date: BusinessDate,
}

impl<'a> Source<'a> {
    pub(crate) fn of_sale(sale: &'a Sale) -> Self {
        Self { kind: DocumentKind::Sale, id: sale.id.0, number: &sale.number, warehouse_id: sale.warehouse_id, business_date: sale.business_date }
    }

    pub(crate) fn of_document(document: &'a StockDocument) -> Self {
        Self {
            kind: DocumentKind::Stock,
            id: document.id.0,
            number: &document.number,
            warehouse_id: document.warehouse_id,
            business_date: document.business_date,
        }
    }
}

/// One movement of one product.
pub(crate) struct Movement<'a> {
    pub(crate) product_id: ProductId,
    /// For the sentence of an attention item.
    pub(crate) name: &'a str,
    /// Above zero.
    pub(crate) quantity: Quantity,
    pub(crate) from_id: LocationId,
    pub(crate) to_id: LocationId,
    pub(crate) reason: MoveReason,
    pub(crate) line: i64,
    /// Value of goods that come in; `None`: at what the stock is worth.
    pub(crate) value_in: Option<Money>,
    /// What one unit of received goods costs: the last cost from now on.
    pub(crate) unit_cost: Option<UnitPrice>,
}

/// The location of a kind that every warehouse has.
pub(crate) fn find_location_of_kind(exec: &mut Exec<'_>, warehouse_id: WarehouseId, kind: LocationKind) -> Result<LocationId, Halt> {
    let locations = exec.world.under::<Location>(0, warehouse_id.to_value())?;
    let found = locations.iter().find(|location| location.kind == kind);
    Ok(found.map(|location| location.id).ok_or_else(|| Reject::new(Code::NotFound).with("what", "location"))?)
}

/// Asks for the rows that a movement touches.
pub(crate) fn wish_movement(exec: &mut Exec<'_>, product_id: ProductId, warehouse_id: WarehouseId, locations: &[LocationId]) {
    for location_id in locations {
        exec.world.wish::<Balance>(&BalanceKey { product_id, location_id: *location_id, lot_id: LotId::NONE });
    }
    exec.world.wish::<StockValue>(&StockValueKey { warehouse_id, product_id });
}

/// Moves stock. A movement is never refused for stock: the balance goes below zero and a person is told.
pub(crate) fn move_stock(exec: &mut Exec<'_>, source: &Source<'_>, movement: &Movement<'_>) -> Result<(), Halt> {
    if movement.from_id == movement.to_id {
        return Err(Reject::new(Code::SameFromAndTo).into());
    }
    let from = location(exec, movement.from_id)?;
    let to = location(exec, movement.to_id)?;
    let ordinal = write_move(exec, source, movement);
    change_balance(exec, source, movement.product_id, from.id, movement.quantity.negated()?)?;
    change_balance(exec, source, movement.product_id, to.id, movement.quantity)?;
    flag_below_zero(exec, source, movement, &from)?;
    match (from.kind.is_real(), to.kind.is_real()) {
        (true, false) => value_out(exec, source, movement, ordinal),
        (false, true) => value_in(exec, source, movement, ordinal),
        (true, true) | (false, false) => Ok(()),
    }
}

fn location(exec: &mut Exec<'_>, id: LocationId) -> Result<Location, Halt> {
    let found = exec.world.find::<Location>(&LocationKey { id })?;
    Ok(found.ok_or_else(|| Reject::new(Code::NotFound).with("what", "location"))?)
}

fn scope_of(source: &Source<'_>) -> Scope {
    Exec::warehouse_scope(source.warehouse_id)
}

fn write_move(exec: &mut Exec<'_>, source: &Source<'_>, movement: &Movement<'_>) -> i64 {
    let ordinal = exec.next_move();
    let row = StockMove {
        command_id: exec.envelope.id,
        ordinal,
        product_id: movement.product_id,
        lot_id: LotId::NONE,
        quantity: movement.quantity,
        from_id: movement.from_id,
        to_id: movement.to_id,
        warehouse_id: source.warehouse_id,
        reason: movement.reason,
        document_kind: source.kind,
        document_id: source.id,
        line: movement.line,
        business_date: source.business_date,
        at: exec.at(),
        person_id: exec.envelope.actor,
        device_id: exec.envelope.device,
    };
    exec.world.insert(scope_of(source), row);
    ordinal
}

fn change_balance(exec: &mut Exec<'_>, source: &Source<'_>, product_id: ProductId, location_id: LocationId, by: Quantity) -> Result<(), Halt> {
    let key = BalanceKey { product_id, location_id, lot_id: LotId::NONE };
    match exec.world.find::<Balance>(&key)? {
        Some(mut balance) => {
            balance.quantity = balance.quantity.plus(by)?;
            exec.world.update(balance);
        }
        None => exec.world.insert(scope_of(source), Balance { product_id, location_id, lot_id: LotId::NONE, quantity: by }),
    }
    Ok(())
}

/// Tells a person when a balance falls below zero: at the moment it does, not with every sale after it.
fn flag_below_zero(exec: &mut Exec<'_>, source: &Source<'_>, movement: &Movement<'_>, from: &Location) -> Result<(), Halt> {
    if !from.kind.is_real() {
        return Ok(());
    }
    let key = BalanceKey { product_id: movement.product_id, location_id: from.id, lot_id: LotId::NONE };
    let now = exec.world.find::<Balance>(&key)?.map_or(Quantity::ZERO, |balance| balance.quantity);
    let before = now.plus(movement.quantity)?;
    if now.is_negative() && !before.is_negative() {
        let args = serde_json::json!({
            "name": movement.name,
            "location": from.code,
            "quantity": now.to_string(),
            "number": source.number,
        });
        exec.flag(AttentionKind::StockBelowZero, movement.product_id.0, args.to_string(), scope_of(source))?;
    }
    Ok(())
}

fn stock_value(exec: &mut Exec<'_>, source: &Source<'_>, product_id: ProductId) -> Result<(StockValue, bool), Halt> {
    let key = StockValueKey { warehouse_id: source.warehouse_id, product_id };
    Ok(match exec.world.find::<StockValue>(&key)? {
        Some(value) => (value, true),
        None => {
            let none = StockValue {
                warehouse_id: source.warehouse_id,
                product_id,
                quantity: Quantity::ZERO,
                value: Money::ZERO,
                last_cost: UnitPrice::ZERO,
            };
            (none, false)
        }
    })
}

fn keep_stock_value(exec: &mut Exec<'_>, value: StockValue, exists: bool) {
    if exists {
        exec.world.update(value);
    } else {
        exec.world.insert(Scope::OFFICE, value);
    }
}

fn write_value(exec: &mut Exec<'_>, ordinal: i64, value: Money) {
    let row = MoveValue { command_id: exec.envelope.id, ordinal, value };
    exec.world.insert(Scope::OFFICE, row);
}

/// What `quantity` of this stock is worth when it leaves: the average; below zero the last cost.
fn worth(stock: &StockValue, quantity: Quantity) -> Result<Money, Reject> {
    if stock.quantity >= quantity && !stock.quantity.is_zero() {
        return stock.value.times_fraction(quantity.0, stock.quantity.0);
    }
    if stock.quantity <= Quantity::ZERO {
        return stock.last_cost.times(quantity);
    }
    stock.value.plus(stock.last_cost.times(quantity.minus(stock.quantity)?)?)
}

fn value_out(exec: &mut Exec<'_>, source: &Source<'_>, movement: &Movement<'_>, ordinal: i64) -> Result<(), Halt> {
    let (mut stock, exists) = stock_value(exec, source, movement.product_id)?;
    let value = worth(&stock, movement.quantity)?;
    stock.quantity = stock.quantity.minus(movement.quantity)?;
    stock.value = stock.value.minus(value)?;
    keep_stock_value(exec, stock, exists);
    write_value(exec, ordinal, value);
    Ok(())
}

fn value_in(exec: &mut Exec<'_>, source: &Source<'_>, movement: &Movement<'_>, ordinal: i64) -> Result<(), Halt> {
    let (mut stock, exists) = stock_value(exec, source, movement.product_id)?;
    let value = match movement.value_in {
        Some(value) => value,
        None if stock.quantity > Quantity::ZERO => stock.value.times_fraction(movement.quantity.0, stock.quantity.0)?,
        None => stock.last_cost.times(movement.quantity)?,
    };
    let before = stock.clone();
    stock.quantity = stock.quantity.plus(movement.quantity)?;
    stock.value = stock.value.plus(value)?;
    write_value(exec, ordinal, value);
    let difference = stock.value.minus(value_after(&before, &stock, movement, value)?)?;
    stock.value = stock.value.minus(difference)?;
    if let Some(unit_cost) = movement.unit_cost {
        stock.last_cost = unit_cost;
    }
    keep_stock_value(exec, stock, exists);
    if difference.is_zero() { Ok(()) } else { write_revaluation(exec, source, movement, difference) }
}

/// After goods come into a stock that was below zero: what the rest must be worth. Units sold before they came
/// left at the last cost; what they really cost differs, and that difference must not stay in the stock.
///
/// Goods that customers bring back come at the value they left with, and nothing is learnt about cost: the sum
/// stands, so that a sale and its refund leave no trace, unless it could be no stock's value at all.
fn value_after(before: &StockValue, sum: &StockValue, movement: &Movement<'_>, value: Money) -> Result<Money, Reject> {
    if !before.quantity.is_negative() || (movement.reason == MoveReason::Refund && is_sane(sum)) {
        return Ok(sum.value);
    }
    if sum.quantity.is_negative() {
        return before.value.times_fraction(sum.quantity.0, before.quantity.0);
    }
    value.times_fraction(sum.quantity.0, movement.quantity.0)
}

/// No goods are worth nothing; what is there is worth something or nothing, what is owed costs something or nothing.
const fn is_sane(stock: &StockValue) -> bool {
    match stock.quantity.0 {
        0 => stock.value.is_zero(),
        1.. => !stock.value.is_negative(),
        _ => stock.value.0 <= 0,
    }
}

/// A move of no goods that takes the difference out of (or into) the stock's value.
fn write_revaluation(exec: &mut Exec<'_>, source: &Source<'_>, movement: &Movement<'_>, difference: Money) -> Result<(), Halt> {
    let adjustment = find_location_of_kind(exec, source.warehouse_id, LocationKind::Adjustment)?;
    let real = movement.to_id;
    let (from_id, to_id) = if difference.is_negative() { (adjustment, real) } else { (real, adjustment) };
    let revaluation = Movement {
        quantity: Quantity::ZERO,
        from_id,
        to_id,
        reason: MoveReason::Revaluation,
        value_in: None,
        unit_cost: None,
        name: movement.name,
        ..*movement
    };
    let ordinal = write_move(exec, source, &revaluation);
    write_value(exec, ordinal, Money(difference.0.saturating_abs()));
    Ok(())
}
