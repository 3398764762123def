//! Shifts: open with a float, cash in and out, close with a count.

use super::{
    CashDirection, CashMovement, CashMovementKey, CloseShift, LINES_LIMIT, MoveCash, OpenDrawer, OpenShift, Shift, ShiftKey, ShiftState, ShiftTotal,
    ShiftTotalKey, TENDERS_LIMIT, Tender, Till, TillKey, TotalKind,
};
use crate::cell::Cell;
use crate::command::{DocumentNumber, Event, Exec, Outcome};
use crate::ids::{ShiftId, TaxId, TillId};
use crate::money::{Account, Draft, post};
use crate::reject::{Code, Reject};
use crate::settings::{Device, DeviceKey};
use crate::stock::DocumentKind;
use crate::text::{NAME_LIMIT, check_line, check_name};
use crate::time::BusinessDate;
use crate::units::Money;
use crate::world::Halt;

/// Detail of the over/short account.
pub const OVER_SHORT_DETAIL: &str = "";
/// In the item about a shift that was counted a second time: the number on that paper.
pub const Z_NUMBER: &str = "z_number";
/// Detail of the safe account.
pub const SAFE_DETAIL: &str = "";

fn check_amount(amount: Money, least: i64, field: &str) -> Result<(), Reject> {
    if amount < Money(least) || amount > Money::LIMIT { Err(Reject::field(Code::OutOfRange, field)) } else { Ok(()) }
}

fn find_till(exec: &mut Exec<'_>, till_id: TillId) -> Result<Till, Halt> {
    let till = exec.world.find::<Till>(&TillKey { id: till_id })?;
    Ok(till.ok_or_else(|| Reject::new(Code::NotFound).with("what", "till"))?)
}

/// The shift of a command: open, on the till that the command was entered on.
pub(super) fn open_shift(exec: &mut Exec<'_>, shift_id: ShiftId) -> Result<Shift, Halt> {
    shift_or_flag(exec, shift_id, Reject::new(Code::NoOpenShift))
}

/// The same; `closed` is what is said if it is not open any more.
fn shift_or_flag(exec: &mut Exec<'_>, shift_id: ShiftId, closed: Reject) -> Result<Shift, Halt> {
    wish_shift(exec, shift_id);
    let Some(shift) = exec.world.find::<Shift>(&ShiftKey { id: shift_id })? else { return unknown_shift(exec, shift_id) };
    if shift.state == ShiftState::Closed || own_till(exec)? != Some(shift.till_id) {
        let scope = Exec::warehouse_scope(shift.warehouse_id);
        exec.refuse_or_flag(closed, shift.id.0, scope)?;
    }
    Ok(shift)
}

/// A fact made in a shift that nobody here knows (its opening was lost or could not be executed): the shift is
/// opened on the device's till as the fact tells it, and a person is told.
fn unknown_shift(exec: &mut Exec<'_>, shift_id: ShiftId) -> Result<Shift, Halt> {
    let unknown = || Reject::new(Code::NoOpenShift);
    if !exec.is_fact_again() {
        return Err(unknown().into());
    }
    let till_id = match exec.envelope.number {
        Some(number) => Some(number.till_id),
        None => own_till(exec)?,
    };
    let till = find_till(exec, till_id.ok_or_else(unknown)?)?;
    let scope = Exec::warehouse_scope(till.warehouse_id);
    let date = exec.at().utc().map(|at| BusinessDate(at.date_naive())).filter(|date| date.check().is_ok());
    let business_date = date.max(till.last_business_date).ok_or_else(unknown)?;
    exec.refuse_or_flag(unknown(), shift_id.0, scope)?;
    let shift = shift_of(exec, &till, shift_id, business_date, Money::ZERO);
    exec.world.insert(scope, shift.clone());
    add_total(exec, &shift, TotalKind::Drawer, "", 0, Money::ZERO)?;
    Ok(shift)
}

/// Money that came into (or went out of) the drawer of a shift that is counted and closed, told later: as if it had
/// been told before. More was expected then, and as much was missing.
pub(super) fn correct_closed_drawer(exec: &mut Exec<'_>, shift: &Shift, by: Money) -> Result<(), Halt> {
    if shift.state != ShiftState::Closed || by.is_zero() {
        return Ok(());
    }
    let Some(mut closed) = exec.world.find::<Shift>(&ShiftKey { id: shift.id })? else { return Ok(()) };
    closed.expected = Some(closed.expected.unwrap_or(Money::ZERO).plus(by)?);
    exec.world.update(closed);
    let document = Draft::of_shift(shift, DocumentKind::Shift, shift.id.0);
    let drawer = (Account::Drawer, shift.till_id.to_string(), by.negated()?, 0);
    post(exec, &document, &[drawer, (Account::OverShort, OVER_SHORT_DETAIL.into(), by, 0)])
}

/// Asks for what [`open_shift`] looks at.
pub(super) fn wish_shift(exec: &mut Exec<'_>, shift_id: ShiftId) {
    exec.world.wish::<Shift>(&ShiftKey { id: shift_id });
    exec.world.wish::<Device>(&DeviceKey { id: exec.envelope.device });
}

/// The till that the entering device is: only its own till touches a shift.
fn own_till(exec: &mut Exec<'_>) -> Result<Option<TillId>, Halt> {
    let device = exec.world.find::<Device>(&DeviceKey { id: exec.envelope.device })?;
    Ok(device.and_then(|device| device.till_id))
}

/// Decides [`OpenShift`].
pub(super) fn open(exec: &mut Exec<'_>, open: &OpenShift) -> Result<Outcome, Halt> {
    let till = find_till(exec, open.till_id)?;
    if own_till(exec)? != Some(till.id) {
        let scope = Exec::warehouse_scope(till.warehouse_id);
        exec.refuse_or_flag(Reject::field(Code::Format, "till"), till.id.0, scope)?;
    }
    open_on_till(exec, till, open.shift_id, open.business_date, open.float)?;
    Ok(Outcome::event(Event::ShiftChanged))
}

/// Opens a shift on a till that is in hand (founding makes both in one command).
pub(crate) fn open_on_till(exec: &mut Exec<'_>, mut till: Till, shift_id: ShiftId, business_date: BusinessDate, float: Money) -> Result<(), Halt> {
    check_amount(float, 0, "float")?;
    business_date.check()?;
    if let Some(told) = told_before(exec, &till, shift_id)? {
        return complete(exec, till, told, float);
    }
    exec.check_fresh::<Shift>(&ShiftKey { id: shift_id }, shift_id.0)?;
    let scope = Exec::warehouse_scope(till.warehouse_id);
    if till.open_shift_id.is_some() {
        exec.refuse_or_flag(Reject::new(Code::ShiftOpen), till.id.0, scope)?;
    }
    if let Some(last) = till.last_business_date.filter(|last| *last > business_date) {
        let reject = Reject::new(Code::ClockSetBack).with("last", last).with("now", business_date);
        exec.refuse_or_flag(reject, till.id.0, scope)?;
    }
    let shift = shift_of(exec, &till, shift_id, business_date, float);
    let is_new_till = till.last_business_date.is_none();
    till.open_shift_id = Some(shift_id);
    till.last_business_date = Some(business_date);
    if is_new_till {
        // Founding: the till itself is new. A till that is there already is found again by its key.
        match exec.world.find::<Till>(&TillKey { id: till.id })? {
            None => exec.world.insert(crate::world::Scope::COMPANY, till),
            Some(_) => exec.world.update(till),
        }
    } else {
        exec.world.update(till);
    }
    exec.world.insert(scope, shift.clone());
    put_float(exec, &shift, float)
}

fn put_float(exec: &mut Exec<'_>, shift: &Shift, float: Money) -> Result<(), Halt> {
    add_total(exec, shift, TotalKind::Drawer, "", 0, float)?;
    let document = Draft::of_shift(shift, DocumentKind::Shift, shift.id.0);
    post(exec, &document, &[(Account::Drawer, shift.till_id.to_string(), float, 0), (Account::Safe, SAFE_DETAIL.into(), float.negated()?, 0)])
}

/// The shift, if what was done in it was told before its opening was: then [`unknown_shift`] opened it on this till, without
/// money. Any other shift of this id is not added to.
fn told_before(exec: &mut Exec<'_>, till: &Till, id: ShiftId) -> Result<Option<Shift>, Halt> {
    if !exec.is_fact_again() {
        return Ok(None);
    }
    Ok(exec.world.find::<Shift>(&ShiftKey { id })?.filter(|told| told.till_id == till.id && told.float.is_zero()))
}

/// The opening of a shift that is there already comes late: its money and who opened it are added. The date stays that
/// of its documents.
fn complete(exec: &mut Exec<'_>, mut till: Till, told: Shift, float: Money) -> Result<(), Halt> {
    let shift = Shift { float, opened_at: exec.at(), opened_by: exec.envelope.actor, ..told };
    if shift.state == ShiftState::Open && till.open_shift_id.is_none() {
        till.open_shift_id = Some(shift.id);
        till.last_business_date = till.last_business_date.max(Some(shift.business_date));
        exec.world.update(till);
    }
    exec.world.update(shift.clone());
    put_float(exec, &shift, float)?;
    correct_closed_drawer(exec, &shift, float)
}

fn shift_of(exec: &Exec<'_>, till: &Till, id: ShiftId, business_date: BusinessDate, float: Money) -> Shift {
    Shift {
        id,
        till_id: till.id,
        warehouse_id: till.warehouse_id,
        number: None,
        business_date,
        state: ShiftState::Open,
        float,
        opened_at: exec.at(),
        opened_by: exec.envelope.actor,
        closed_at: None,
        closed_by: None,
        expected: None,
        counted: None,
        denominations: String::new(),
    }
}

/// Decides cash in and out.
pub(super) fn move_cash(exec: &mut Exec<'_>, cash: &MoveCash, direction: CashDirection) -> Result<Outcome, Halt> {
    check_amount(cash.amount, 1, "amount")?;
    check_name(&cash.reason, "reason", NAME_LIMIT)?;
    exec.check_fresh::<CashMovement>(&CashMovementKey { id: cash.movement_id }, cash.movement_id.0)?;
    let shift = open_shift(exec, cash.shift_id)?;
    let movement = CashMovement {
        id: cash.movement_id,
        shift_id: shift.id,
        direction,
        amount: cash.amount,
        reason: cash.reason.clone(),
        at: exec.at(),
        person_id: exec.envelope.actor,
    };
    exec.world.insert(Exec::warehouse_scope(shift.warehouse_id), movement);
    let (signed, account, kind) = match direction {
        CashDirection::In => (cash.amount, Account::CashIn, TotalKind::CashIn),
        CashDirection::Out => (cash.amount.negated()?, Account::CashOut, TotalKind::CashOut),
    };
    add_total(exec, &shift, kind, "", 1, cash.amount)?;
    add_total(exec, &shift, TotalKind::Drawer, "", 0, signed)?;
    let document = Draft::of_shift(&shift, DocumentKind::Cash, cash.movement_id.0);
    let postings = [(Account::Drawer, shift.till_id.to_string(), signed, 0), (account, cash.reason.clone(), signed.negated()?, 0)];
    post(exec, &document, &postings)?;
    correct_closed_drawer(exec, &shift, signed)?;
    Ok(Outcome::event(Event::ShiftChanged))
}

/// Decides [`CloseShift`].
pub(super) fn close(exec: &mut Exec<'_>, close: &CloseShift) -> Result<Outcome, Halt> {
    check_amount(close.counted, 0, "counted")?;
    check_denominations(close)?;
    let number = exec.number()?;
    let mut shift = shift_or_flag(exec, close.shift_id, Reject::new(Code::NoOpenShift).with(Z_NUMBER, number.seq))?;
    let mut till = find_till(exec, shift.till_id)?;
    check_number_is_of(exec, &till, number, shift.id.0)?;
    if shift.state == ShiftState::Closed {
        // Counted twice, on two copies: the first count stands. The second paper is out, so its number is spent; the
        // item that tells the person of it is where that number is found again.
        return Ok(Outcome::document(format!("Z{}", number.seq), vec![Event::ShiftChanged]));
    }
    check_shift_number_is_new(exec, &shift, number.seq)?;
    let total = total_of(exec, &shift, TotalKind::Drawer, "")?;
    let expected = total.as_ref().map_or(Money::ZERO, |total| total.amount);
    total.into_iter().for_each(|total| exec.world.lean_on(total));
    shift.number = Some(number.seq);
    shift.state = ShiftState::Closed;
    shift.closed_at = Some(exec.at());
    shift.closed_by = Some(exec.envelope.actor);
    shift.expected = Some(expected);
    shift.counted = Some(close.counted);
    if !close.denominations.is_empty() {
        shift.denominations = serde_json::to_string(&close.denominations).map_err(|_| Reject::field(Code::Format, "denominations"))?;
    }
    exec.world.update(shift.clone());
    if till.open_shift_id == Some(shift.id) {
        till.open_shift_id = None;
        exec.world.update(till);
    }
    let document = Draft::of_shift(&shift, DocumentKind::Shift, shift.id.0);
    let over_short = expected.minus(close.counted)?;
    post(
        exec,
        &document,
        &[
            (Account::Drawer, shift.till_id.to_string(), expected.negated()?, 0),
            (Account::Safe, SAFE_DETAIL.into(), close.counted, 0),
            (Account::OverShort, OVER_SHORT_DETAIL.into(), over_short, 0),
        ],
    )?;
    Ok(Outcome::document(format!("Z{}", number.seq), vec![Event::ShiftChanged]))
}

/// A number must be one of the till's own.
pub(super) fn check_number_is_of(exec: &mut Exec<'_>, till: &Till, number: DocumentNumber, about: uuid::Uuid) -> Result<(), Halt> {
    if number.till_id == till.id {
        return Ok(());
    }
    exec.refuse_or_flag(Reject::field(Code::Format, "number"), about, Exec::warehouse_scope(till.warehouse_id))
}

/// Two files of one till (a copied disk, a restored one) count on from the same number. Where a number is drawn this
/// cannot be, so it is only looked for where a command is executed again.
fn check_shift_number_is_new(exec: &mut Exec<'_>, shift: &Shift, number: i64) -> Result<(), Halt> {
    if !exec.is_fact_again() {
        return Ok(());
    }
    let others = exec.world.under::<Shift>(0, shift.till_id.to_value())?;
    if others.iter().any(|other| other.id != shift.id && other.number == Some(number)) {
        let reject = Reject::field(Code::CodeInUse, "number").with("value", number);
        exec.refuse_or_flag(reject, shift.id.0, Exec::warehouse_scope(shift.warehouse_id))?;
    }
    Ok(())
}

fn check_denominations(close: &CloseShift) -> Result<(), Reject> {
    if close.denominations.is_empty() {
        return Ok(());
    }
    if close.denominations.len() > 40 {
        return Err(Reject::field(Code::TooLong, "denominations").with("limit", 40));
    }
    let mut sum = Money::ZERO;
    for (value, count) in &close.denominations {
        if *value <= Money::ZERO || *count < 0 {
            return Err(Reject::field(Code::OutOfRange, "denominations"));
        }
        sum = sum.plus(value.times_fraction(*count, 1)?)?;
    }
    if sum == close.counted { Ok(()) } else { Err(Reject::field(Code::Format, "denominations")) }
}

/// Decides [`OpenDrawer`]: the command log tells who, when and why; the shift counts it.
pub(super) fn open_drawer(exec: &mut Exec<'_>, open: &OpenDrawer) -> Result<Outcome, Halt> {
    check_line(&open.reason, "reason", NAME_LIMIT)?;
    let shift = open_shift(exec, open.shift_id)?;
    add_total(exec, &shift, TotalKind::DrawerOpened, "", 1, Money::ZERO)?;
    Ok(Outcome::event(Event::ShiftChanged))
}

fn total_of(exec: &mut Exec<'_>, shift: &Shift, kind: TotalKind, detail: &str) -> Result<Option<ShiftTotal>, Halt> {
    exec.world.find::<ShiftTotal>(&ShiftTotalKey { shift_id: shift.id, kind, detail: detail.to_owned() })
}

/// Asks for the totals that a sale or refund adds to.
pub(super) fn wish_totals(exec: &mut Exec<'_>, shift_id: ShiftId, taxes: &[TaxId], tenders: &[Tender]) {
    let mut wish = |kind, detail: &str| exec.world.wish::<ShiftTotal>(&ShiftTotalKey { shift_id, kind, detail: detail.to_owned() });
    for kind in [TotalKind::Sales, TotalKind::Refunds, TotalKind::Discounts, TotalKind::Rounding, TotalKind::Drawer] {
        wish(kind, "");
    }
    for tender in tenders.iter().take(TENDERS_LIMIT) {
        wish(TotalKind::Tender, tender.kind.word());
    }
    for tax in taxes.iter().take(LINES_LIMIT) {
        let detail = tax.to_string();
        wish(TotalKind::TaxBase, &detail);
        wish(TotalKind::TaxAmount, &detail);
    }
}

/// Adds to one of a shift's totals.
pub(super) fn add_total(exec: &mut Exec<'_>, shift: &Shift, kind: TotalKind, detail: &str, count: i64, amount: Money) -> Result<(), Halt> {
    match total_of(exec, shift, kind, detail)? {
        Some(mut total) => {
            total.count += count;
            total.amount = total.amount.plus(amount)?;
            exec.world.update(total);
        }
        None => {
            let total = ShiftTotal { shift_id: shift.id, kind, detail: detail.to_owned(), count, amount };
            exec.world.insert(Exec::warehouse_scope(shift.warehouse_id), total);
        }
    }
    Ok(())
}
