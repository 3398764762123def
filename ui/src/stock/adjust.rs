//! A difference is written down, with its reason.

use kontor_domain::command::{Command, Event, Request};
use kontor_domain::ids::{CommandId, LocationId, StockDocumentId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::stock::{self, Adjust, AdjustLine, ListBalances, MoveReason};
use kontor_domain::units::Quantity;
use leptos::prelude::*;

use super::lines::{Kind as Entered, Line, Lines};
use super::picker::{Picked, Picker};
use super::receive::{Written, figure_input, product_of, remove_of};
use super::{location_options, selling_location};
use crate::live::live;
use crate::parts::{Button, Empty, Form, FormError, Kind, SelectField, TextField, today};
use crate::place::StockPlace;
use crate::text::{key, t, tx, word};
use crate::{backend, format, icon, ids};

/// The page.
#[component]
pub(super) fn AdjustPage(chosen: RwSignal<StockPlace>) -> impl IntoView {
    let lines = Lines::new(Entered::Adjustment);
    let location = RwSignal::new(selling_location().map(|id| id.to_string()).unwrap_or_default());
    let done = RwSignal::new(None::<String>);
    let pick = Callback::new(move |(hit, _): Picked| {
        done.set(None);
        // A scan says what differs, never by how much: that is typed.
        let line = lines.add(hit, Quantity::ZERO);
        if line.quantity.with_untracked(|text| text == "0") {
            line.quantity.set(String::new());
        }
    });
    view! {
        {move || done.get().map(|number| view! { <Written number=number chosen=chosen done=done/> })}
        <Picker pick=pick hint=t(key::STOCK_PICK_HINT_ADJUST)/>
        <div class="two">
            <Entries lines=lines location=location/>
            <Sheet lines=lines location=location done=done/>
        </div>
    }
}

#[component]
fn Entries(lines: Lines, location: RwSignal<String>) -> impl IntoView {
    let is_empty = move || lines.all.with(Vec::is_empty);
    view! {
        <div class="card entries">
            {move || is_empty().then(|| view! { <Empty icon=icon::SCAN title=t(key::STOCK_ADJUST_EMPTY) text=t(key::STOCK_ADJUST_EMPTY_TEXT)/> })}
            <Show when=move || !is_empty()>
                <div class="entry adjust heading small faint" aria-hidden="true">
                    <span>{t(key::STOCK_PRODUCT)}</span>
                    <span class="num">{t(key::STOCK_DIFFERENCE)}</span>
                    <span class="num">{t(key::STOCK_THEN)}</span>
                    <span>{t(key::STOCK_REASON)}</span>
                    <span></span>
                </div>
            </Show>
            <For each=move || lines.all.get() key=|line| line.product_id children=move |line| view! { <Entry lines=lines line=line location=location/> }/>
        </div>
    }
}

/// What is there now, and what will be.
fn then(now: Option<Quantity>, difference: &str) -> String {
    match (now, Quantity::parse(difference)) {
        (Some(now), Some(difference)) => match now.plus(difference) {
            Ok(then) => format!("{} → {}", format::quantity(now), format::quantity(then)),
            Err(_) => String::new(),
        },
        (Some(now), None) => format::quantity(now),
        (None, _) => String::new(),
    }
}

#[component]
fn Entry(lines: Lines, line: Line, location: RwSignal<String>) -> impl IntoView {
    let code = line.hit.with_value(|hit| hit.code.clone());
    let balances = live(&[Event::StockChanged], move || {
        let location_id = location.get().parse().ok().map(LocationId)?;
        Some(ListBalances { text: code.clone(), location_id: Some(location_id), only_low: false, offset: 0, limit: 20 })
    });
    let now = move || {
        let page = balances.get()?;
        let row = page.rows.iter().find(|row| row.product_id == line.product_id);
        Some(row.map_or(Quantity::ZERO, |row| row.quantity))
    };
    let is_bad = move || line.adjusted().is_err();
    let reasons = MoveReason::FOR_ADJUSTMENT.iter().map(|reason| {
        let value = reason.word();
        view! { <option value=value selected=move || line.reason.get() == value>{word("reason", value)}</option> }
    });
    let reasons = reasons.collect_view();
    view! {
        <div class="entry adjust" class:lit=move || lines.last.get() == Some(line.product_id)>
            {product_of(line)}
            {figure_input(t(key::STOCK_DIFFERENCE), line.quantity, move || is_bad() && !line.quantity.with(String::is_empty))}
            <span class="num muted nowrap">{move || then(now(), &line.quantity.get())}</span>
            <label class="field">
                <select aria-label=t(key::STOCK_REASON) on:change=move |event| line.reason.set(event_target_value(&event))>{reasons}</select>
            </label>
            {remove_of(lines, line.product_id)}
        </div>
    }
}

#[component]
fn Sheet(lines: Lines, location: RwSignal<String>, done: RwSignal<Option<String>>) -> impl IntoView {
    let form = Form::new(&["location", "note"]);
    // The same adjustment however often it is sent.
    let id = StoredValue::new(ids::new(StockDocumentId));
    let count = move || i64::try_from(lines.all.with(Vec::len)).unwrap_or(i64::MAX);
    let send = move || {
        let adjusted = untrack(|| lines.all.get().into_iter().rev().map(Line::adjusted).collect::<Result<Vec<AdjustLine>, Reject>>());
        let (adjusted, location_id) = match (adjusted, location.get_untracked().parse()) {
            (Ok(adjusted), Ok(location)) => (adjusted, LocationId(location)),
            (Err(reject), _) => return form.refuse(reject),
            (_, Err(_)) => return form.refuse(Reject::field(Code::Format, "location")),
        };
        let Some(business_date) = untrack(today) else { return form.refuse(Reject::field(Code::Format, "business_date")) };
        let adjust = Adjust { document_id: id.get_value(), location_id, note: lines.note.get_untracked(), business_date, lines: adjusted };
        let request = Request { id: ids::new(CommandId), command: Command::Stock(stock::Command::Adjust(adjust)) };
        form.send(async move { backend::execute_as(&request).await }, move |receipt| {
            lines.clear();
            id.set_value(ids::new(StockDocumentId));
            done.set(Some(receipt.number.unwrap_or_default()));
        });
    };
    view! {
        <section class="card pad form docsheet">
            <SelectField label=t(key::STOCK_AT_LOCATION) value=location options=Signal::derive(location_options) name="location" form=form/>
            <TextField label=t(key::STOCK_WHY) value=lines.note name="note" form=form lines=true max_length=4000/>
            <FormError form=form/>
            <Button
                label=Signal::derive(move || tx(key::STOCK_ADJUST_NOW, &[("count", count().into())]))
                kind=Kind::Primary
                class="big"
                disabled=Signal::derive(move || lines.all.with(Vec::is_empty))
                busy=form.busy
                press=send
            />
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_says_what_will_be_there() {
        assert_eq!(then(Some(Quantity(12_000)), "-2"), "12 → 10");
        assert_eq!(then(Some(Quantity(12_000)), ""), "12");
        assert_eq!(then(Some(Quantity(i64::MAX)), "1"), "");
        assert_eq!(then(None, "1"), "");
    }
}
