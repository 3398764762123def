//! The right side: who buys, the lines, what they come to, the keys, Pay. It never moves.

use std::collections::HashMap;

use kontor_domain::counter::cart::{CartLine, Discount, LineFigures, TaxFigures};
use kontor_domain::settings::TaxMode;
use kontor_domain::units::{Money, Quantity, UnitPrice};
use leptos::html;
use leptos::prelude::*;

use super::basket::Basket;
use super::done::NoLines;
use super::stale::price_now;
use super::{Counter, Sheet};
use crate::format;
use crate::icon::{self, Picture};
use crate::keys::{self, Action, shown};
use crate::parts::{Button, Kind};
use crate::state::app;
use crate::text::{key, refusal, t, tx, unit};

#[component]
pub(super) fn CartView() -> impl IntoView {
    view! {
        <section class="cart" aria-label=t(key::COUNTER_CART)>
            <Who/>
            <Lines/>
            <Totals/>
            <Keys/>
            <PayBar/>
        </section>
    }
}

#[component]
fn Who() -> impl IntoView {
    let counter = app().counter;
    let name = move || {
        counter.basket.with(|basket| {
            let (name, number) = (basket.customer_name.trim(), basket.customer_tax_number.trim());
            match (name.is_empty(), number.is_empty()) {
                (true, true) => t(key::COUNTER_WALK_IN),
                (true, false) => number.to_owned(),
                (false, true) => name.to_owned(),
                (false, false) => format!("{name} · {number}"),
            }
        })
    };
    view! {
        <div class="who row">
            <Picture icon=icon::PEOPLE/>
            <b class="grow clip">{name}</b>
            <Button label=t(key::COUNTER_CUSTOMER) kind=Kind::Quiet action=Action::Customer press=|| keys::act(Action::Customer)/>
        </div>
    }
}

/// A line as it is shown.
#[derive(Clone, PartialEq)]
struct Shown {
    line: CartLine,
    figures: LineFigures,
}

fn places(counter: Counter) -> Memo<HashMap<u32, usize>> {
    Memo::new(move |_| counter.basket.with(|basket| basket.lines.iter().enumerate().map(|(place, line)| (line.key, place)).collect()))
}

#[component]
fn Lines() -> impl IntoView {
    let counter = app().counter;
    let list = NodeRef::<html::Ul>::new();
    let places = places(counter);
    // The newest line is on top, and that is where one looks.
    Effect::new(move |_| {
        counter.lit.track();
        if let Some(list) = list.get() {
            list.set_scroll_top(0);
        }
    });
    let keys = move || counter.basket.with(|basket| basket.lines.iter().rev().map(|line| line.key).collect::<Vec<_>>());
    let is_empty = Memo::new(move |_| counter.basket.with(Basket::is_empty));
    view! {
        <div class="lines">
            <Show when=move || !is_empty.get() fallback=|| view! { <NoLines/> }>
                <ul node_ref=list aria-label=t(key::COUNTER_LINES)>
                    <For each=keys key=|key| *key children=move |line| view! { <Line id=line places=places/> }/>
                </ul>
            </Show>
            <Undo/>
        </div>
    }
}

#[component]
fn Line(id: u32, places: Memo<HashMap<u32, usize>>) -> impl IntoView {
    let counter = app().counter;
    let shown = Memo::new(move |_| {
        let place = places.with(|places| places.get(&id).copied())?;
        let line = counter.basket.with(|basket| basket.lines.get(place).map(|line| line.line.clone()))?;
        let figures = counter.figures.with(|figures| figures.as_ref().ok().and_then(|figures| figures.lines.get(place).copied()));
        Some(Shown { line, figures: figures.unwrap_or_default() })
    });
    let item = NodeRef::<html::Li>::new();
    let is_chosen = Memo::new(move |_| counter.selected.get() == Some(id));
    Effect::new(move |_| {
        if let (true, Some(item)) = (is_chosen.get(), item.get()) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            item.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
    let is_new = move || counter.lit.get().0 == id;
    let quantity = move || shown.with(|shown| shown.as_ref().map(|shown| format::quantity(shown.line.quantity)));
    let name = move || shown.with(|shown| shown.as_ref().map(|shown| shown.line.name.clone()));
    let how = move || shown.with(|shown| shown.as_ref().map(how));
    let sum = move || shown.with(|shown| shown.as_ref().map(|shown| format::money(shown.sum())));
    let now = Memo::new(move |_| shown.with(|shown| counter.today.with(|today| price_now(today, &shown.as_ref()?.line))));
    let take = move |price: UnitPrice| {
        let words = tx(key::COUNTER_PRICE_NOW, &[("price", format::price(price).into())]);
        let press = move |event: leptos::ev::MouseEvent| {
            event.stop_propagation();
            counter.take_price_now(id, price);
        };
        view! { <button type="button" class="now" tabindex="-1" title=t(key::COUNTER_TAKE_PRICE) on:click=press>{words}</button> }
    };
    let choose = move |_| counter.selected.set((!is_chosen.get_untracked()).then_some(id));
    let change = move |event: leptos::ev::MouseEvent| {
        event.stop_propagation();
        if !counter.is_choosing() {
            counter.sheet.set(Sheet::Quantity(id));
        }
    };
    view! {
        <li node_ref=item class:new=is_new aria-current=move || is_chosen.get().then_some("true") on:click=choose>
            <button type="button" class="q" title=t(key::COUNTER_QUANTITY) tabindex="-1" on:click=change>{quantity}</button>
            <div class="grow">
                <div class="clip strong">{name}</div>
                <div class="muted small clip">{how}</div>
                {move || now.get().map(take)}
            </div>
            <button
                type="button"
                class="out"
                tabindex="-1"
                aria-label=t(key::ACTION_REMOVE_LINE)
                on:click=move |event| {
                    event.stop_propagation();
                    counter.remove(id);
                }
            >
                <Picture icon=icon::CLOSE small=true/>
            </button>
            <span class="sum">{sum}</span>
        </li>
    }
}

impl Shown {
    /// What the line comes to, as the prices are meant: with their tax, or before it.
    fn sum(&self) -> Money {
        self.figures.gross.minus(self.figures.discount).unwrap_or_default()
    }
}

/// `$48 per kg · 10 % off`.
fn how(shown: &Shown) -> String {
    let line = &shown.line;
    let price = format::price(line.unit_price);
    let is_piece = line.unit == "pcs" || line.unit.is_empty();
    let mut parts = vec![if is_piece {
        tx(key::COUNTER_EACH, &[("price", price.into())])
    } else {
        tx(key::COUNTER_PER, &[("price", price.into()), ("unit", unit(&line.unit).into())])
    }];
    if line.unit_price != line.list_price {
        parts.push(tx(key::COUNTER_INSTEAD_OF, &[("price", format::price(line.list_price).into())]));
    }
    match line.discount {
        Discount::None => {}
        Discount::Percent(rate) => parts.push(tx(key::COUNTER_PERCENT_OFF, &[("percent", rate.percent_figure().into())])),
        Discount::Amount(_) => parts.push(tx(key::COUNTER_AMOUNT_OFF, &[("amount", format::money(shown.figures.discount).into())])),
    }
    parts.join(" · ")
}

#[component]
fn Undo() -> impl IntoView {
    let counter = app().counter;
    let strip = move || {
        counter.removed.get().map(|removed| {
            let words = tx(key::COUNTER_REMOVED, &[("name", removed.line.line.name.into())]);
            view! {
                <div class="undo" role="status">
                    <span class="grow clip">{words}</span>
                    <Button label=t(key::COMMON_UNDO) icon=icon::UNDO action=Action::PutBack press=move || counter.undo()/>
                </div>
            }
        })
    };
    view! { {strip} }
}

#[component]
fn Totals() -> impl IntoView {
    let counter = app().counter;
    let count = move || {
        let (lines, pieces) = counter.basket.with(|basket| (basket.lines.len(), basket.pieces()));
        let lines = i64::try_from(lines).unwrap_or(i64::MAX);
        let all = [("lines", lines.into()), ("pieces", format::quantity(pieces).into())];
        (pieces != Quantity::ZERO).then(|| tx(key::COUNTER_COUNT, &all))
    };
    let sums = move || {
        counter.figures.with(|figures| match figures {
            Ok(figures) => {
                let mut parts = Vec::new();
                if !figures.discount.is_zero() {
                    parts.push(tx(key::COUNTER_DISCOUNT_SUM, &[("amount", format::money(figures.discount.negated().unwrap_or_default()).into())]));
                }
                parts.extend(tax_words(counter, &figures.taxes, figures.tax));
                parts.join(" · ")
            }
            Err(reject) => refusal(reject),
        })
    };
    let total = move || counter.total().map_or_else(|| "–".to_owned(), format::money);
    let is_wrong = move || counter.figures.with(Result::is_err);
    view! {
        <div class="totals">
            <div class="muted" class:below=is_wrong><span>{count}</span><span class="clip">{sums}</span></div>
            <div class="total" role="status" aria-live="polite"><span>{t(key::COUNTER_TOTAL)}</span><b>{total}</b></div>
        </div>
    }
}

/// `of which tax 5 % $65`.
fn tax_words(counter: Counter, taxes: &[TaxFigures], sum: Money) -> Option<String> {
    let mode = counter.basket.with(|basket| basket.tax_mode);
    let amount = format::money(sum);
    let [first, others @ ..] = taxes else { return None };
    let (with_rate, without) = match mode {
        TaxMode::Inclusive => (key::COUNTER_TAX_IN, key::COUNTER_TAXES_IN),
        TaxMode::Exclusive => (key::COUNTER_TAX_ON, key::COUNTER_TAXES_ON),
    };
    if first.rate.is_zero() && others.is_empty() {
        return None;
    }
    if others.is_empty() {
        return Some(tx(with_rate, &[("percent", first.rate.percent_figure().into()), ("amount", amount.into())]));
    }
    Some(tx(without, &[("amount", amount.into())]))
}

#[component]
fn Keys() -> impl IntoView {
    let counter = app().counter;
    let is_empty = Memo::new(move |_| counter.basket.with(Basket::is_empty));
    let none = Signal::derive(move || is_empty.get());
    let parked = Signal::derive(move || {
        let count = app().session.with(|session| session.as_ref().map_or(0, |session| session.parked_count));
        if count > 0 { tx(key::COUNTER_RECALL_COUNT, &[("count", count.into())]) } else { t(key::COUNTER_RECALL) }
    });
    view! {
        <div class="keys">
            <Button label=t(key::COUNTER_QUANTITY) action=Action::Quantity class="tall" disabled=none press=|| keys::act(Action::Quantity)/>
            <Button label=t(key::COUNTER_DISCOUNT) action=Action::Discount class="tall" disabled=none press=|| keys::act(Action::Discount)/>
            <Button label=t(key::COUNTER_PARK) action=Action::Park class="tall" disabled=none press=|| keys::act(Action::Park)/>
            <Button label=parked action=Action::Recall class="tall" press=|| keys::act(Action::Recall)/>
        </div>
    }
}

#[component]
fn PayBar() -> impl IntoView {
    let counter = app().counter;
    let cannot = Signal::derive(move || counter.basket.with(Basket::is_empty) || counter.total().is_none());
    let busy = Signal::derive(move || counter.selling.get());
    let pay = Signal::derive(move || match counter.total().filter(|_| !cannot.get()) {
        Some(total) => tx(key::COUNTER_PAY_TOTAL, &[("total", format::money(total).into())]),
        None => t(key::COUNTER_PAY),
    });
    view! {
        <div class="paybar">
            <Button
                label=t(key::COUNTER_EXACT_CASH)
                class="big tall exact"
                action=Action::ExactCash
                disabled=cannot
                busy=busy
                press=|| keys::act(Action::ExactCash)
            />
            <button
                type="button"
                class="btn big primary"
                disabled=move || cannot.get() || busy.get()
                aria-busy=move || busy.get().to_string()
                on:click=|_| keys::act(Action::Pay)
            >
                <span>{move || pay.get()}</span>
                <kbd aria-hidden="true">{shown(Action::Pay)}</kbd>
            </button>
        </div>
    }
}
