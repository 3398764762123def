//! Shifts: open with a float, cash in and out, close with a blind count, the reports of all.

mod cash;
mod close;
mod count;
mod list;
mod open;
mod page;
mod report;
mod totals;

use kontor_domain::ids::ShiftId;
use kontor_domain::settings::Session;
use leptos::prelude::*;

use crate::icon;
use crate::parts::Empty;
use crate::state::app;
use crate::text::{key, t};

/// What the pages need of the session.
fn session<T>(read: impl Fn(&Session) -> Option<T>) -> Option<T> {
    app().session.with(|session| session.as_ref().and_then(read))
}

/// The screen.
#[component]
pub(crate) fn ShiftScreen(shift: Option<ShiftId>) -> impl IntoView {
    if let Some(id) = shift {
        return view! { <page::ShiftPage id=id/> }.into_any();
    }
    // Another shift is another page; anything else about it is live in the page.
    let open = Memo::new(move |_| session(|session| session.shift.as_ref().map(|shift| shift.id)));
    let till = untrack(|| session(|session| session.till.as_ref().map(|till| till.id)));
    let Some(till) = till else {
        return view! { <div class="page"><Empty icon=icon::DRAWER title=t(key::SHIFT_NO_TILL) text=t(key::SHIFT_NO_TILL_TEXT)/></div> }.into_any();
    };
    (move || match open.get() {
        Some(id) => view! { <page::ShiftPage id=id/> }.into_any(),
        None => view! { <open::OpenPage till=till/> }.into_any(),
    })
    .into_any()
}
