//! Parked sales, to be taken up again or thrown away.

use kontor_domain::command::Event;
use kontor_domain::counter::{ListParked, ParkedCart};
use kontor_domain::ids::{ParkedCartId, SaleId};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::basket::Basket;
use super::super::{Counter, sale};
use super::Frame;
use crate::format;
use crate::icon::{self, Picture};
use crate::ids;
use crate::keys::{Press, Taken, on_press};
use crate::live::live;
use crate::parts::{Confirm, Empty, Strip};
use crate::scanner;
use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;

fn take_up(counter: Counter, parked: &ParkedCart) {
    match Basket::from_parked(ids::new(SaleId), parked) {
        Ok(basket) => {
            counter.clear();
            counter.done.set(None);
            counter.change(|now| *now = basket);
            counter.look_at_prices();
        }
        Err(reject) => app().toasts.refuse(&reject),
    }
}

#[component]
pub(super) fn RecallSheet() -> impl IntoView {
    let counter = app().counter;
    let parked = live(&[Event::ParkedChanged], || {
        let till = app().session.with(|session| session.as_ref()?.till.as_ref().map(|till| till.id));
        till.map(|till_id| ListParked { till_id })
    });
    // What is open now lies among the parked ones until it is sold; it is not offered again.
    let rows = Memo::new(move |_| {
        let open = counter.basket.with(|basket| basket.parked_cart_id);
        parked.get().unwrap_or_default().into_iter().filter(|cart| Some(cart.id) != open).collect::<Vec<_>>()
    });
    let chosen = RwSignal::new(0_usize);
    let is_busy = Memo::new(move |_| counter.basket.with(|basket| !basket.is_empty()));
    let take = move |index: usize| {
        if let Some(cart) = rows.with_untracked(|rows| rows.get(index).cloned()).filter(|_| !is_busy.get_untracked()) {
            take_up(counter, &cart);
        }
    };
    let throw = RwSignal::new(None::<ParkedCartId>);
    let asking = RwSignal::new(false);
    on_press(move |press: Press| {
        if press.in_dialog {
            return Taken::No;
        }
        let last = rows.with_untracked(Vec::len).saturating_sub(1);
        match press.chord.to_string().as_str() {
            "ArrowDown" => chosen.update(|index| *index = (*index + 1).min(last)),
            "ArrowUp" => chosen.update(|index| *index = index.saturating_sub(1)),
            digit => match digit.parse::<usize>() {
                // A scan may begin with the same digit.
                Ok(number @ 1..=9) => scanner::when_typed(move || take(number - 1)),
                _ => return Taken::No,
            },
        }
        Taken::Yes
    });
    let cannot = Signal::derive(move || is_busy.get() || rows.with(Vec::is_empty));
    let row = move |(index, cart): (usize, ParkedCart)| {
        let id = cart.id;
        let name = if cart.name.is_empty() { t(key::COUNTER_WALK_IN) } else { cart.name };
        let lines = tx(key::COUNTER_LINES_COUNT, &[("count", cart.lines.into())]);
        view! {
            <div class="row" style:gap="4px">
                <button
                    type="button"
                    class="option grow"
                    class:on=move || chosen.get() == index
                    disabled=move || is_busy.get()
                    on:click=move |_| take(index)
                >
                    {(index < 9).then(|| view! { <span class="n">{index + 1}</span> })}
                    <span class="grow"><b class="clip">{name}</b><span class="sub">" " {format::time(cart.at)} " · " {lines}</span></span>
                    <b class="num lead">{format::money(cart.total)}</b>
                </button>
                <button
                    type="button"
                    class="btn quiet square"
                    aria-label=t(key::COUNTER_THROW_AWAY)
                    on:click=move |_| {
                        throw.set(Some(id));
                        asking.set(true);
                    }
                >
                    <Picture icon=icon::BIN small=true/>
                </button>
            </div>
        }
    };
    let confirm = Callback::new(move |()| {
        if let Some(id) = throw.get_untracked() {
            spawn_local(sale::unpark(id));
        }
    });
    view! {
        <Frame title=t(key::ACTION_RECALL) done=t(key::COUNTER_TAKE_UP) disabled=cannot act=Callback::new(move |()| take(chosen.get_untracked()))>
            {move || is_busy.get().then(|| view! { <Strip tone=Tone::Warn text=t(key::COUNTER_PARK_FIRST)/> })}
            <div class="options scroll">{move || rows.get().into_iter().enumerate().map(row).collect_view()}</div>
            {move || rows.with(Vec::is_empty).then(|| {
                view! { <Empty icon=icon::PAPER title=t(key::COUNTER_NOTHING_PARKED) text=t(key::COUNTER_NOTHING_PARKED_HOW)/> }
            })}
        </Frame>
        <Confirm
            open=asking
            title=t(key::COUNTER_THROW_AWAY)
            text=t(key::COUNTER_THROW_AWAY_SURE)
            yes=t(key::COUNTER_THROW_AWAY)
            danger=true
            confirm=confirm
        />
    }
}
