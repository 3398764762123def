//! Goods come in: scan or search, quantity, cost, done.

use kontor_domain::catalog::GetProduct;
use kontor_domain::command::{Command, Request};
use kontor_domain::ids::{CommandId, LocationId, ProductId, StockDocumentId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::stock::{self, Receive, ReceiveLine};
use kontor_domain::units::Money;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::lines::{Kind as Entered, Line, Lines};
use super::picker::{Picked, Picker};
use super::{location_options, selling_location};
use crate::icon::Picture;
use crate::parts::{Button, Empty, Form, FormError, Kind, SelectField, Strip, TextField, today};
use crate::place::StockPlace;
use crate::state::app;
use crate::text::{self, key, t, tx};
use crate::toast::Tone;
use crate::{backend, format, icon, ids};

/// The page.
#[component]
pub(super) fn ReceivePage(chosen: RwSignal<StockPlace>) -> impl IntoView {
    let lines = Lines::new(Entered::Receipt);
    let done = RwSignal::new(None::<String>);
    // Put here from elsewhere: their costs are not known yet.
    untrack(|| lines.all.get()).into_iter().filter(|line| line.cost.with_untracked(String::is_empty)).for_each(fill_cost);
    let pick = Callback::new(move |(hit, pack): Picked| {
        done.set(None);
        let line = lines.add(hit, pack);
        if line.cost.with_untracked(String::is_empty) {
            fill_cost(line);
        }
    });
    view! {
        {move || done.get().map(|number| view! { <Written number=number chosen=chosen done=done/> })}
        <Picker pick=pick hint=t(key::STOCK_PICK_HINT)/>
        <div class="two">
            <Entries lines=lines/>
            <Sheet lines=lines done=done/>
        </div>
    }
}

/// The last cost is proposed.
fn fill_cost(line: Line) {
    let id = line.product_id;
    spawn_local(async move {
        let cost = match backend::ask(GetProduct { id }).await {
            Ok(detail) => detail.and_then(|detail| detail.last_cost),
            Err(reject) => return app().toasts.refuse(&reject),
        };
        // Typed meanwhile: that counts.
        if let (Some(cost), Some(true)) = (cost, line.cost.try_with_untracked(String::is_empty)) {
            let _ = line.cost.try_set(format::price_figure(cost));
        }
    });
}

/// That it is written, with its number.
#[component]
pub(super) fn Written(number: String, chosen: RwSignal<StockPlace>, done: RwSignal<Option<String>>) -> impl IntoView {
    view! {
        <Strip tone=Tone::Ok text=tx(key::STOCK_WRITTEN, &[("number", number.into())])>
            <Button label=t(key::STOCK_DOCUMENTS) press=move || chosen.set(StockPlace::Documents)/>
            <Button label=t(key::COMMON_CLOSE) kind=Kind::Quiet press=move || done.set(None)/>
        </Strip>
    }
}

#[component]
fn Entries(lines: Lines) -> impl IntoView {
    let is_empty = move || lines.all.with(Vec::is_empty);
    view! {
        <div class="card entries">
            {move || is_empty().then(|| view! { <Empty icon=icon::SCAN title=t(key::STOCK_RECEIVE_EMPTY) text=t(key::STOCK_RECEIVE_EMPTY_TEXT)/> })}
            <Show when=move || !is_empty()>
                <div class="entry receive heading small faint" aria-hidden="true">
                    <span>{t(key::STOCK_PRODUCT)}</span>
                    <span class="num">{t(key::SALES_QUANTITY)}</span>
                    <span class="num">{t(key::STOCK_UNIT_COST)}</span>
                    <span class="num">{t(key::SALES_SUM)}</span>
                    <span></span>
                </div>
            </Show>
            <For each=move || lines.all.get() key=|line| line.product_id children=move |line| entry(lines, line)/>
        </div>
    }
}

/// An input in a line.
pub(super) fn figure_input(label: String, value: RwSignal<String>, is_bad: impl Fn() -> bool + Copy + Send + 'static) -> impl IntoView {
    view! {
        <input
            class="field num"
            class:bad=is_bad
            inputmode="decimal"
            autocomplete="off"
            aria-label=label
            aria-invalid=move || is_bad().then_some("true")
            prop:value=move || value.get()
            on:input=move |event| value.set(event_target_value(&event))
        />
    }
}

/// The product of a line.
pub(super) fn product_of(line: Line) -> impl IntoView {
    line.hit.with_value(|hit| {
        view! {
            <div class="what">
                <div class="strong clip">{hit.name.clone()}</div>
                <div class="small muted">{hit.code.clone()} " · " {format::quantity(hit.on_hand)} " " {text::unit(&hit.unit)}</div>
            </div>
        }
    })
}

/// The button that takes a line away.
pub(super) fn remove_of(lines: Lines, id: ProductId) -> impl IntoView {
    view! {
        <button type="button" class="btn quiet square" aria-label=t(key::STOCK_REMOVE_LINE) on:click=move |_| lines.remove(id)>
            <Picture icon=icon::BIN small=true/>
        </button>
    }
}

fn entry(lines: Lines, line: Line) -> impl IntoView {
    let is = move |field: &str| line.received().is_err_and(|reject| reject.args.get("field").map(String::as_str) == Some(field));
    view! {
        <div class="entry receive" class:lit=move || lines.last.get() == Some(line.product_id)>
            {product_of(line)}
            {figure_input(t(key::SALES_QUANTITY), line.quantity, move || is("quantity"))}
            {figure_input(t(key::STOCK_UNIT_COST), line.cost, move || is("cost"))}
            <span class="num">{move || line.cost_sum().map(format::money).unwrap_or_default()}</span>
            {remove_of(lines, line.product_id)}
        </div>
    }
}

fn sum(lines: Lines) -> Money {
    let sums = lines.all.get().into_iter().filter_map(|line| line.cost_sum().ok());
    Money::sum(sums).unwrap_or(Money::ZERO)
}

/// Where to, the supplier's note, and the button.
#[component]
fn Sheet(lines: Lines, done: RwSignal<Option<String>>) -> impl IntoView {
    let form = Form::new(&["location", "note"]);
    let location = RwSignal::new(selling_location().map(|id| id.to_string()).unwrap_or_default());
    // The same receipt however often it is sent.
    let id = StoredValue::new(ids::new(StockDocumentId));
    let count = move || i64::try_from(lines.all.with(Vec::len)).unwrap_or(i64::MAX);
    let send = move || {
        let received = untrack(|| lines.all.get().into_iter().rev().map(Line::received).collect::<Result<Vec<ReceiveLine>, Reject>>());
        let (received, location_id) = match (received, location.get_untracked().parse()) {
            (Ok(received), Ok(location)) => (received, LocationId(location)),
            (Err(reject), _) => return form.refuse(reject),
            (_, Err(_)) => return form.refuse(Reject::field(Code::Format, "location")),
        };
        let Some(business_date) = untrack(today) else { return form.refuse(Reject::field(Code::Format, "business_date")) };
        let receive = Receive { document_id: id.get_value(), location_id, note: lines.note.get_untracked(), business_date, lines: received };
        let request = Request { id: ids::new(CommandId), command: Command::Stock(stock::Command::Receive(receive)) };
        form.send(async move { backend::execute_as(&request).await }, move |receipt| {
            lines.clear();
            id.set_value(ids::new(StockDocumentId));
            done.set(Some(receipt.number.unwrap_or_default()));
        });
    };
    view! {
        <section class="card pad form docsheet">
            <SelectField label=t(key::STOCK_TO_LOCATION) value=location options=Signal::derive(location_options) name="location" form=form/>
            <TextField label=t(key::STOCK_SUPPLIER_NOTE) value=lines.note name="note" form=form lines=true max_length=4000/>
            <div class="figure">
                <span>{t(key::STOCK_COST_SUM)}</span>
                <b>{move || format::money(sum(lines))}</b>
            </div>
            <FormError form=form/>
            <Button
                label=Signal::derive(move || tx(key::STOCK_RECEIVE_NOW, &[("count", count().into())]))
                kind=Kind::Primary
                class="big"
                disabled=Signal::derive(move || lines.all.with(Vec::is_empty))
                busy=form.busy
                press=send
            />
        </section>
    }
}
