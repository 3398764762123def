//! Shifts of this till, newest first.

use kontor_domain::command::Event;
use kontor_domain::counter::{ListShifts, Shift, ShiftState};
use kontor_domain::ids::TillId;
use kontor_domain::units::Money;
use leptos::prelude::*;

use crate::parts::{Column, Empty, Rows, Tag, VirtualTable};
use crate::place::{Place, go};
use crate::text::{key, t, tx, word};
use crate::toast::Tone;
use crate::{format, icon};

/// The list.
#[component]
pub(super) fn ShiftList(till: TillId) -> impl IntoView {
    let rows = Rows::new(&[Event::ShiftChanged], move |offset, limit| ListShifts { till_id: till, offset, limit });
    let empty = || view! { <Empty icon=icon::DRAWER title=t(key::SHIFT_NO_EARLIER) text=t(key::SHIFT_NO_EARLIER_TEXT)/> };
    view! {
        <VirtualTable
            label=t(key::SHIFT_EARLIER)
            rows=rows
            columns=columns()
            open=Callback::new(|shift: Shift| go(Place::Shift(Some(shift.id))))
            least_width=820
            empty=empty
        />
    }
}

fn columns() -> Vec<Column<Shift>> {
    vec![
        Column::new(t(key::SHIFT_REPORT), "minmax(130px, .7fr)", |shift: &Shift| view! { <span class="strong">{name(shift)}</span> }),
        Column::new(t(key::SHIFT_DAY), "minmax(130px, .8fr)", |shift: &Shift| format::date(shift.business_date)),
        Column::new(
            t(key::SHIFT_FROM),
            "minmax(170px, 1fr)",
            |shift: &Shift| view! { <span class="muted">{format::date_time(shift.opened_at)}</span> },
        ),
        Column::new(
            t(key::SHIFT_TO),
            "minmax(170px, 1fr)",
            |shift: &Shift| view! { <span class="muted">{shift.closed_at.map(format::date_time)}</span> },
        ),
        Column::new(t(key::SHIFT_COUNTED), "140px", |shift: &Shift| shift.counted.map(format::money).unwrap_or_default()).figures(),
        Column::new(t(key::SHIFT_DIFFERENCE), "170px", difference).figures(),
    ]
}

/// `Z 12`, or that it is open.
pub(super) fn name(shift: &Shift) -> String {
    match shift.number {
        Some(number) => tx(key::SHIFT_Z, &[("number", number.to_string().into())]),
        None => word("shift-state", ShiftState::Open.word()),
    }
}

/// Counted less expected; `None` while it is open.
pub(super) fn over_short(shift: &Shift) -> Option<Money> {
    shift.counted?.minus(shift.expected?).ok()
}

fn difference(shift: &Shift) -> AnyView {
    match over_short(shift) {
        None => view! { <Tag tone=Tone::Ok text=word("shift-state", ShiftState::Open.word())/> }.into_any(),
        Some(amount) => verdict(amount).into_any(),
    }
}

/// A difference in words.
pub(super) fn verdict(amount: Money) -> impl IntoView {
    let (tone, text) = if amount.is_zero() {
        (Tone::Ok, t(key::SHIFT_EXACT))
    } else if amount.is_negative() {
        let missing = amount.negated().map(format::money).unwrap_or_default();
        (Tone::Warn, tx(key::SHIFT_SHORT, &[("amount", missing.into())]))
    } else {
        (Tone::Warn, tx(key::SHIFT_OVER, &[("amount", format::money(amount).into())]))
    };
    view! { <Tag tone=tone text=text/> }
}
