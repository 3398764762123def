//! A shift's figures: the X report while it is open, the Z report afterwards.

use kontor_domain::counter::{CashDirection, CashMovement, ShiftDetail, TotalKind};
use kontor_domain::units::Money;
use leptos::prelude::*;

use super::totals::{Sum, by_detail, by_tax, net, total};
use crate::format;
use crate::text::{key, t, word};

/// Figures, tenders, taxes.
pub(super) fn figures(detail: &ShiftDetail) -> impl IntoView + use<> {
    let totals = &detail.totals;
    let (sales, refunds) = (total(totals, TotalKind::Sales), total(totals, TotalKind::Refunds));
    let discounts = total(totals, TotalKind::Discounts);
    view! {
        <div class="figures">
            {figure(t(key::SHIFT_NET), format::money(net(totals)), None)}
            {figure(word("total", "sales"), format::money(sales.amount), Some(sales.count))}
            {figure(word("total", "refunds"), format::money(refunds.amount), Some(refunds.count))}
            {figure(word("total", "discounts"), format::money(discounts.amount), Some(discounts.count))}
        </div>
    }
}

fn figure(label: String, value: String, count: Option<i64>) -> impl IntoView {
    view! {
        <div class="card pad figure">
            <span>{label} {count.map(|count| view! { <span class="faint num">" × " {count.to_string()}</span> })}</span>
            <b>{value}</b>
        </div>
    }
}

/// By tender.
pub(super) fn tenders(detail: &ShiftDetail) -> impl IntoView + use<> {
    let all = by_detail(&detail.totals, TotalKind::Tender);
    let is_empty = all.is_empty();
    let row = |(tender, sum): (String, Sum)| {
        view! {
            <tr>
                <td>{word("tender", &tender)}</td>
                <td class="num muted">{sum.count.to_string()}</td>
                <td class="num strong">{format::money(sum.amount)}</td>
            </tr>
        }
    };
    let rows = all.into_iter().map(row).collect_view();
    view! {
        <section class="card tablecard">
            <table class="plain">
                <thead>
                    <tr>
                        <th>{word("total", "tender")}</th>
                        <th class="num">{t(key::SHIFT_COUNT)}</th>
                        <th class="num">{t(key::SHIFT_AMOUNT)}</th>
                    </tr>
                </thead>
                <tbody>{rows} {is_empty.then(nothing_yet)}</tbody>
            </table>
        </section>
    }
}

fn nothing_yet() -> impl IntoView {
    view! { <tr><td colspan="3" class="muted">{t(key::SHIFT_NOTHING_YET)}</td></tr> }
}

/// By tax class.
pub(super) fn taxes(detail: &ShiftDetail) -> impl IntoView + use<> {
    let all = by_tax(&detail.totals);
    let is_empty = all.is_empty();
    let row = |(name, base, tax): (String, Money, Money)| {
        view! {
            <tr>
                <td>{name}</td>
                <td class="num">{format::money(base)}</td>
                <td class="num strong">{format::money(tax)}</td>
            </tr>
        }
    };
    let rows = all.into_iter().map(row).collect_view();
    view! {
        <section class="card tablecard">
            <table class="plain">
                <thead>
                    <tr>
                        <th>{t(key::SHIFT_TAX_CLASS)}</th>
                        <th class="num">{word("total", "tax_base")}</th>
                        <th class="num">{word("total", "tax_amount")}</th>
                    </tr>
                </thead>
                <tbody>{rows} {is_empty.then(nothing_yet)}</tbody>
            </table>
        </section>
    }
}

fn fact(label: String, value: String) -> impl IntoView {
    view! { <dt>{label}</dt> <dd>{value}</dd> }
}

/// Float, movements, rounding, and what should be there. `expected` is shown only where nobody
/// still has to count without knowing it.
pub(super) fn cash(detail: &ShiftDetail, expected: Option<Money>) -> impl IntoView + use<> {
    let totals = &detail.totals;
    let (cash_in, cash_out) = (total(totals, TotalKind::CashIn), total(totals, TotalKind::CashOut));
    let rounding = total(totals, TotalKind::Rounding).amount;
    let opened = total(totals, TotalKind::DrawerOpened).count;
    let shift = &detail.shift;
    view! {
        <section class="card pad">
            <h2 class="minor">{t(key::SHIFT_CASH)}</h2>
            <dl class="facts">
                {fact(t(key::SHIFT_FLOAT), format::money(shift.float))}
                {fact(word("total", "cash_in"), format::money(cash_in.amount))}
                {fact(word("total", "cash_out"), format::money(cash_out.amount))}
                {(!rounding.is_zero()).then(|| fact(word("total", "rounding"), format::money(rounding)))}
                {fact(word("total", "drawer_opened"), opened.to_string())}
                {expected.map(|expected| fact(t(key::SHIFT_EXPECTED), format::money(expected)))}
                {shift.counted.map(|counted| fact(t(key::SHIFT_COUNTED), format::money(counted)))}
            </dl>
        </section>
    }
}

/// Cash in and out, one by one.
pub(super) fn movements(detail: &ShiftDetail) -> Option<impl IntoView + use<>> {
    let row = |movement: &CashMovement| {
        let sign = if movement.direction == CashDirection::Out { "−" } else { "+" };
        view! {
            <div class="option still">
                <span class="grow">{movement.reason.clone()} <div class="sub">{format::time(movement.at)}</div></span>
                <b class="num">{sign} {format::money(movement.amount)}</b>
            </div>
        }
    };
    let rows = detail.movements.iter().map(row).collect_view();
    (!detail.movements.is_empty()).then(|| {
        view! {
            <section class="card pad">
                <h2 class="minor">{t(key::SHIFT_MOVEMENTS)}</h2>
                <div class="options flush">{rows}</div>
            </section>
        }
    })
}

/// When, who, which receipts.
pub(super) fn facts(detail: &ShiftDetail) -> impl IntoView + use<> {
    let shift = &detail.shift;
    let receipts = match (&detail.first_number, &detail.last_number) {
        (Some(first), Some(last)) if first != last => format!("{first} –\n{last}"),
        (Some(first), _) => first.clone(),
        (None, _) => t(key::COMMON_NONE),
    };
    view! {
        <section class="card pad">
            <dl class="facts exact selectable">
                {fact(t(key::SHIFT_DAY), format::date(shift.business_date))}
                {fact(t(key::SHIFT_FROM), format!("{}\n{}", format::date_time(shift.opened_at), detail.opened_by_name))}
                {shift.closed_at.map(|at| fact(t(key::SHIFT_TO), format!("{}\n{}", format::date_time(at), detail.closed_by_name.clone().unwrap_or_default())))}
                {fact(t(key::SHIFT_RECEIPTS), receipts)}
            </dl>
        </section>
    }
}

/// What was counted, note by note.
pub(super) fn denominations(detail: &ShiftDetail) -> Option<impl IntoView + use<>> {
    let counted: Vec<(Money, i64)> = serde_json::from_str(&detail.shift.denominations).unwrap_or_default();
    if counted.is_empty() {
        return None;
    }
    let row = |(value, count): &(Money, i64)| {
        let sum = super::count::worth(*value, *count).map(format::money).unwrap_or_default();
        view! {
            <tr>
                <td class="num">{format::money(*value)}</td>
                <td class="num muted">{format!("× {count}")}</td>
                <td class="num">{sum}</td>
            </tr>
        }
    };
    let rows = counted.iter().map(row).collect_view();
    Some(view! {
        <section class="card tablecard">
            <h2 class="minor over">{t(key::SHIFT_NOTES_AND_COINS)}</h2>
            <table class="plain"><tbody>{rows}</tbody></table>
        </section>
    })
}
