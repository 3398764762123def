//! The cart's place when nothing is in it: the sale just made, or the last one.

use kontor_domain::command::Event;
use kontor_domain::counter::LastSale;
use leptos::prelude::*;

use super::{Done, print_again};
use crate::format;
use crate::icon::{self, Picture};
use crate::keys::Action;
use crate::live::live;
use crate::parts::Button;
use crate::state::app;
use crate::text::{key, t, tx};

/// What stands where the lines will be.
#[component]
pub(super) fn NoLines() -> impl IntoView {
    let counter = app().counter;
    view! {
        {move || match counter.done.get() {
            Some(done) => view! { <DoneView done=done/> }.into_any(),
            None => view! { <LastSaleView/> }.into_any(),
        }}
    }
}

#[component]
fn DoneView(done: Done) -> impl IntoView {
    let sale_id = done.sale_id;
    let has_change = !done.change.is_zero();
    let heading = if done.found { t(key::COUNTER_FOUND_SAVED) } else { t(key::COUNTER_SAVED) };
    view! {
        <div class="done" role="status">
            <span class="tick"><Picture icon=icon::CHECK large=true/></span>
            <h2>{heading}</h2>
            <p class="muted">{done.number} " · " {format::money(done.total)}</p>
            {has_change.then(|| view! {
                <div class="change"><span>{t(key::COUNTER_CHANGE)}</span><b>{format::money(done.change)}</b></div>
            })}
            <p class="muted">{t(key::COUNTER_NEXT_SCAN)}</p>
            <Button label=t(key::COUNTER_PRINT_AGAIN) icon=icon::PRINTER action=Action::LastReceipt press=move || print_again(sale_id)/>
        </div>
    }
}

/// The last sale of this till: after a restart it says whether that one was saved.
#[component]
fn LastSaleView() -> impl IntoView {
    const EVENTS: &[Event] = &[Event::SaleMade];
    let last = live(EVENTS, || {
        let till = app().session.with(|session| session.as_ref()?.till.as_ref().map(|till| till.id));
        till.map(|till_id| LastSale { till_id })
    });
    let words = move || {
        last.get().flatten().map(|sale| {
            let args = [("number", sale.number.into()), ("time", format::date_time(sale.at).into()), ("total", format::money(sale.total).into())];
            tx(key::COUNTER_LAST_SALE, &args)
        })
    };
    view! {
        <div class="done quiet">
            <span class="tick"><Picture icon=icon::SCAN large=true/></span>
            <h2>{t(key::COUNTER_READY)}</h2>
            <p class="muted">{t(key::COUNTER_READY_HOW)}</p>
            <p class="faint small last">{words}</p>
        </div>
    }
}
