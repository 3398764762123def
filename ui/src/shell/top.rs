//! The top bar: where, who, find anything, saved or not, what time.

use leptos::prelude::*;

use crate::access::AccessPart;
use crate::backend::is_browser;
use crate::format;
use crate::icon::{self, Picture};
use crate::keys::{Action, shown};
use crate::place::{Place, go};
use crate::seat;
use crate::state::app;
use crate::sync::SyncChip;
use crate::text::{key, t, tx};

#[component]
pub(super) fn TopBar() -> impl IntoView {
    let app = app();
    let shop = move || app.session.with(|session| session.as_ref().map(|session| session.company.name.clone()));
    let is_demo = move || app.session.with(|session| session.as_ref().is_some_and(|session| session.company.demo));
    let clock = move || format::time(kontor_domain::time::Instant(app.now_ms.get()));
    view! {
        <header class="top">
            <span class="where clip">{shop}</span>
            <Who/>
            {move || is_demo().then(|| view! { <span class="tag warn">{t(key::SHELL_DEMO)}</span> })}
            <button type="button" class="field find" on:click=move |_| app.palette.set(true)>
                <Picture icon=icon::SEARCH small=true/>
                <span class="grow clip">{t(key::SHELL_FIND)}</span>
                <kbd>{shown(Action::Palette)}</kbd>
            </button>
            <SyncChip/>
            <time class="clock muted">{clock}</time>
        </header>
    }
}

/// Who is there; in a browser also the way to one's profile and out.
#[component]
fn Who() -> impl IntoView {
    if !is_browser() {
        return view! { <Here/> }.into_any();
    }
    let profile = |_| go(Place::Access(AccessPart::Profile));
    view! { <button type="button" class="who link clip" title=t(key::ACCESS_PROFILE) on:click=profile>{who}</button> }.into_any()
}

/// At a device that asks, the way to another person, and to nobody.
#[component]
fn Here() -> impl IntoView {
    let name = move || who().unwrap_or_default();
    let button = move || {
        let said = tx(key::SEAT_SWITCH, &[("name", name().into())]);
        view! {
            <button type="button" class="btn quiet who clip" aria-label=said.clone() title=said on:click=|_| app().switching.set(true)>
                <Picture icon=icon::PERSON small=true/>
                <span class="clip">{name}</span>
                <kbd aria-hidden="true">{shown(Action::SwitchPerson)}</kbd>
            </button>
        }
    };
    move || if seat::asks() { button().into_any() } else { view! { <span class="who muted clip">{who}</span> }.into_any() }
}

/// `Till 2 · Mei-Ling`.
fn who() -> Option<String> {
    app().session.with(|session| {
        let session = session.as_ref()?;
        let till = session
            .till
            .as_ref()
            .map(|till| if till.name.is_empty() { tx(key::SHELL_TILL, &[("number", till.number.into())]) } else { till.name.clone() });
        Some(till.into_iter().chain([session.person.name.clone()]).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "))
    })
}
