//! One's own page in a window of the desktop program, where a PIN is good, too.

use kontor_domain::command::Event;
use kontor_domain::host::SignInAt;
use kontor_domain::identity::{GetProfile, PersonView};
use kontor_domain::ids::PersonId;
use leptos::prelude::*;

use super::profile::{Data, Password, Sessions};
use super::users::role_words;
use crate::live::live;
use crate::parts::{Skeleton, Strip, field_name};
use crate::seat::{PinForm, PinOf, ServerDoor, is_open, kept_at};
use crate::state::app;
use crate::text::{key, refusal, t};
use crate::toast::Tone;

/// Whoever is here.
#[component]
pub(super) fn OwnPage() -> impl IntoView {
    let is_server = kept_at() == Some(SignInAt::Server);
    let is_open = Memo::new(|_| is_open());
    let profile = live(&[Event::IdentityChanged], move || {
        // At the server there is more of it.
        is_open.track();
        Some(GetProfile {})
    });
    let shown = Memo::new(move |_| profile.get().flatten());
    view! {
        {move || profile.refusal.get().map(|reject| view! { <Strip tone=Tone::Need text=refusal(&reject)/> })}
        {move || match shown.get() {
            Some(view) if !is_open.get() => view! { <Facts view=view/> }.into_any(),
            Some(view) => view! { <Data view=view/> }.into_any(),
            None => view! { <Skeleton height="200px"/> }.into_any(),
        }}
        <Pin/>
        {is_server.then(|| view! {
            <ServerDoor/>
            <Show when=move || is_open.get()>
                <Sessions/>
                <Password/>
            </Show>
        })}
    }
}

/// What is changed at the server only.
#[component]
fn Facts(view: PersonView) -> impl IntoView {
    let role = role_words(view.person.role_id, &view.role_name);
    view! {
        <section class="card pad form">
            <h2>{t(key::ACCESS_PROFILE)}</h2>
            <dl class="facts">
                <dt>{field_name("name")}</dt>
                <dd>{view.person.name}</dd>
                <dt>{field_name("username")}</dt>
                <dd class="selectable">{view.person.username}</dd>
                <dt>{t(key::ACCESS_ROLE)}</dt>
                <dd>{role}</dd>
            </dl>
        </section>
    }
}

#[component]
fn Pin() -> impl IntoView {
    let person = Memo::new(move |_| app().seat.with(|seat| seat.as_ref().and_then(|seat| seat.person_id)));
    // At a server's till the password comes first.
    let is_known = Memo::new(move |_| app().seat.with(|seat| seat.as_ref().is_some_and(|seat| seat.own().is_some())));
    let can = move || kept_at() == Some(SignInAt::Here) || is_known.get();
    let form = move || {
        person.get().filter(|_| can()).map(|id| {
            view! {
                <section class="card pad form">
                    <h2>{t(key::SEAT_MY_PIN)}</h2>
                    <p class="muted">{t(key::SEAT_MY_PIN_TEXT)}</p>
                    <PinForm of=PinOf::Own(id)/>
                </section>
            }
        })
    };
    view! { {form} }
}

/// A PIN for somebody who works in this shop.
#[component]
pub(super) fn PinActs(id: PersonId) -> impl IntoView {
    let is_own = app().seat.with_untracked(|seat| seat.as_ref().is_some_and(|seat| seat.person_id == Some(id)));
    let of = if is_own { PinOf::Own(id) } else { PinOf::Other(id) };
    view! {
        <fieldset class="acts">
            <legend>{t(key::SEAT_SET_PIN_FOR)}</legend>
            <p class="muted">{t(key::SEAT_SET_PIN_FOR_TEXT)}</p>
            <PinForm of=of/>
        </fieldset>
    }
}
