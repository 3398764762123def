//! What lies over the shelf when something is asked. One frame for all: title, body, and at the
//! bottom back and the one thing to do.

mod choose;
mod customer;
mod discount;
mod numpad;
mod open_shift;
mod pay;
mod quantity;
mod recall;

use leptos::html;
use leptos::prelude::*;

use super::Sheet;
use super::screen::back;
use crate::keys::{Press, Taken, on_press};
use crate::parts::{Button, Kind};
use crate::state::app;
use crate::text::{key, t};

/// The sheet that is open. Without a shift there is nothing to do but to open one.
#[component]
pub(super) fn SheetView() -> impl IntoView {
    let counter = app().counter;
    let has_shift = Memo::new(move |_| app().session.with(|session| session.as_ref().is_some_and(|session| session.shift.is_some())));
    on_cleanup(super::search::focus);
    move || {
        if !has_shift.get() {
            return view! { <open_shift::OpenShiftSheet/> }.into_any();
        }
        match counter.sheet.get() {
            Sheet::None => ().into_any(),
            Sheet::Pay => view! { <pay::PaySheet/> }.into_any(),
            Sheet::Quantity(line) => view! { <quantity::QuantitySheet line=line/> }.into_any(),
            Sheet::Discount => view! { <discount::DiscountSheet/> }.into_any(),
            Sheet::Customer => view! { <customer::CustomerSheet/> }.into_any(),
            Sheet::Recall => view! { <recall::RecallSheet/> }.into_any(),
            Sheet::Choose(hits, quantity) => view! { <choose::ChooseSheet hits=hits quantity=quantity/> }.into_any(),
        }
    }
}

/// The frame. Enter does what the big button does.
#[component]
fn Frame(
    #[prop(into)] title: String,
    /// What the big button says.
    #[prop(into)]
    done: Signal<String>,
    /// What it does.
    act: Callback<()>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] busy: Signal<bool>,
    /// There is no way back.
    #[prop(optional)]
    only: bool,
    children: Children,
) -> impl IntoView {
    on_press(move |press: Press| {
        if !is_finish(&press) || disabled.get_untracked() || busy.get_untracked() {
            return Taken::No;
        }
        act.run(());
        Taken::Yes
    });
    let heading = title.clone();
    let sheet = NodeRef::<html::Div>::new();
    // A sheet without a field takes the focus itself: the shelf below cannot have it.
    Effect::new(move |_| {
        if let Some(sheet) = sheet.get()
            && sheet.query_selector("input").ok().flatten().is_none()
        {
            let _ = sheet.focus();
        }
    });
    view! {
        <div node_ref=sheet class="sheet" role="region" tabindex="-1" aria-label=heading>
            <h2>{title}</h2>
            <div class="body">{children()}</div>
            <div class="foot">
                {(!only).then(|| view! { <Button label=t(key::COMMON_BACK) class="big" keycap="Esc" press=back/> })}
                <Button label=done kind=Kind::Primary class="big" keycap="Enter" disabled=disabled busy=busy press=move || act.run(())/>
            </div>
        </div>
    }
}

/// Whether a key means "done". Enter on a button that was reached by Tab presses that button.
fn is_finish(press: &Press) -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    let is_on_button = || document.and_then(|document| document.active_element()).is_some_and(|element| element.tag_name() == "BUTTON");
    press.chord.key == "Enter" && !press.in_dialog && (press.in_text || !is_on_button())
}
