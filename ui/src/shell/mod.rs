//! The frame around every screen: rail, top bar, find-anything, toasts.

mod key_map;
mod leave;
mod palette;
mod problem;
mod rail;
mod top;

use kontor_domain::command::Event;
use kontor_domain::host::{HostCall, HostEvent, Start};
use leptos::prelude::*;
use leptos::task::spawn_local;

use self::key_map::KeyMapDialog;
use self::leave::LeaveDialog;
use self::palette::Palette;
use self::problem::{Problem, Unready};
use self::rail::Rail;
use self::top::TopBar;
use crate::backend::server::account::{self, Account};
use crate::keys::{Action, Taken, on_action};
use crate::parts::photo_arrived;
use crate::place::{Place, Screen};
use crate::seat::{Approve, Lock, Locked};
use crate::signin::{Ended, SignIn, WhichTill};
use crate::state::{SESSION_EVENTS, Task, app};
use crate::text::{key, tx};
use crate::toast::{ToastList, Tone};
use crate::{access, attention, backend, counter, first, products, sales, seat, settings, shift, stock, sync, today};

/// Sets or removes an attribute of the page itself.
pub(crate) fn set_page_attribute(name: &str, value: Option<&str>) {
    let page = web_sys::window().and_then(|window| window.document()).and_then(|document| document.document_element());
    if let Some(page) = page {
        let _ = match value {
            Some(value) => page.set_attribute(name, value),
            None => page.remove_attribute(name),
        };
    }
}

/// Asks the program where we are, and again after a problem.
pub(crate) async fn begin(call: HostCall) {
    match backend::host::<Start>(call).await {
        Ok(start) => app().begin(start),
        Err(reject) => {
            app().problem.set(Some(reject));
            app().ready.set(true);
        }
    }
}

/// Takes up what the program tells.
pub(crate) fn hear(event: HostEvent) {
    match event {
        HostEvent::Changed(events) => {
            if untrack(seat::is_locked) {
                // Nobody is here to be shown anything; whoever comes asks anew.
                return;
            }
            app().changes.tell(&events);
            if !backend::is_browser() && events.contains(&Event::IdentityChanged) {
                seat::look_again();
            }
            if events.iter().any(|event| SESSION_EVENTS.contains(event)) {
                spawn_local(app().load_session());
            }
            if backend::is_browser() && events.contains(&Event::IdentityChanged) {
                spawn_local(account::look_again());
            }
        }
        HostEvent::Arrived(sha256) => photo_arrived(sha256),
        HostEvent::Sync(sync) => app().sync.set(sync),
        HostEvent::Progress { task, done, total } => {
            let task = Task { name: task, done, total };
            app().task.set((total == 0 || done < total).then_some(task));
        }
        HostEvent::PrintFailed { job, problem } => sales::paper::tell_failure(job, &problem),
        HostEvent::GlyphsMissing { number, characters } => {
            app().toasts.say(Tone::Warn, tx(key::GLYPHS_MISSING, &[("number", number.into()), ("characters", characters.into())]));
        }
    }
}

/// Everything that is seen. It is built anew when the language changes.
#[component]
pub(crate) fn Root() -> impl IntoView {
    let app = app();
    move || {
        app.locale.track();
        view! { <Window/> }
    }
}

/// Which of the few faces the window has.
#[derive(Clone, PartialEq, Eq)]
enum Face {
    Waiting,
    Problem,
    First,
    SignIn,
    WhichTill,
    Locked,
    Shop,
}

fn face() -> Face {
    let app = app();
    if let Some(face) = browser_face() {
        return face;
    }
    let has_file_problem = app.start.with(|start| start.as_ref().is_some_and(|start| start.problem.is_some()));
    if has_file_problem || (app.session.with(Option::is_none) && app.problem.with(Option::is_some)) {
        return Face::Problem;
    }
    // Only a part of the shop is here yet, and nothing to sell with.
    if app.is_first_sync() {
        return Face::First;
    }
    if app.session.with(Option::is_some) {
        return Face::Shop;
    }
    if seat::is_locked() {
        return Face::Locked;
    }
    if app.ready.get() { Face::First } else { Face::Waiting }
}

/// What only a browser has to ask first.
fn browser_face() -> Option<Face> {
    let app = app();
    if !backend::is_browser() {
        return None;
    }
    match app.account.get() {
        Account::Out => Some(Face::SignIn),
        Account::In | Account::Ended if app.needs_till.get() => Some(Face::WhichTill),
        // A browser never starts a shop of its own.
        _ if app.session.with(Option::is_none) && app.problem.with(Option::is_none) => Some(Face::Waiting),
        _ => None,
    }
}

#[component]
fn Window() -> impl IntoView {
    let face = Memo::new(move |_| face());
    view! {
        {move || match face.get() {
            Face::Waiting => view! { <Unready/> }.into_any(),
            Face::Problem => view! { <Problem/> }.into_any(),
            Face::First => view! { <first::First/> }.into_any(),
            Face::SignIn => view! { <SignIn/> }.into_any(),
            Face::WhichTill => view! { <WhichTill/> }.into_any(),
            Face::Locked => view! { <Locked/> }.into_any(),
            Face::Shop => view! { <Shop/> }.into_any(),
        }}
        <Ended/>
        <Lock/>
        <ToastList/>
    }
}

#[component]
fn Shop() -> impl IntoView {
    let app = app();
    let key_map = RwSignal::new(false);
    on_action(move |action| match action {
        Action::Palette => {
            app.palette.set(true);
            Taken::Yes
        }
        Action::KeyMap => {
            key_map.set(true);
            Taken::Yes
        }
        Action::SwitchPerson if untrack(seat::asks) => {
            app.switching.set(true);
            Taken::Yes
        }
        _ => Taken::No,
    });
    let screen = move || match app.place.get() {
        Place::Counter => view! { <counter::CounterScreen/> }.into_any(),
        Place::Shift(shift) => view! { <shift::ShiftScreen shift=shift/> }.into_any(),
        Place::Sales(sale) => view! { <sales::SalesScreen sale=sale/> }.into_any(),
        Place::Products(place) => view! { <products::ProductsScreen place=place/> }.into_any(),
        Place::Stock(place) => view! { <stock::StockScreen place=place/> }.into_any(),
        Place::Today => view! { <today::TodayScreen/> }.into_any(),
        Place::Attention => view! { <attention::AttentionScreen/> }.into_any(),
        Place::Access(part) => view! { <access::AccessScreen part=part/> }.into_any(),
        Place::Sync => view! { <sync::SyncScreen/> }.into_any(),
        Place::Settings => view! { <settings::SettingsScreen/> }.into_any(),
    };
    let here = Memo::new(move |_| app.place.with(Place::screen));
    view! {
        <div class="app">
            <Rail here=Signal::derive(move || here.get())/>
            <TopBar/>
            <main class="main" aria-label=move || crate::text::t(Screen::name(here.get()))>{screen}</main>
        </div>
        <Palette/>
        <KeyMapDialog open=key_map/>
        <LeaveDialog/>
        <Approve/>
    }
}
