//! The door to the shop server: what only the server keeps is changed there, by who shows it their password.

use kontor_domain::host::{HostCall, Seat, SignInAt, SyncPhase};
use kontor_domain::secret::Secret;
use leptos::prelude::*;

use super::ask;
use crate::backend::is_browser;
use crate::parts::{Form, FormError, Strip, TextField};
use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;

/// Where people are kept, in a window; `None`: a browser, which is at the server.
pub(crate) fn kept_at() -> Option<SignInAt> {
    app().seat.with(|seat| seat.as_ref().map(|seat| seat.sign_in_at))
}

/// Whether whoever is here works at the shop server: in a browser always, at its till once the password was shown.
pub(crate) fn is_at_server() -> bool {
    is_browser() || app().seat.with(|seat| seat.as_ref().is_some_and(|seat| seat.at_server_until.is_some()))
}

/// Whether what people, roles and the shop itself are can be changed here now.
pub(crate) fn is_open() -> bool {
    is_at_server() || kept_at() != Some(SignInAt::Server)
}

/// There while it is shut; nothing where there is none.
#[component]
pub(crate) fn ServerDoor() -> impl IntoView {
    let is_shut = Memo::new(|_| !is_open());
    view! { <Show when=move || is_shut.get()><Door/></Show> }
}

#[component]
fn Door() -> impl IntoView {
    let form = Form::new(&["password"]);
    let password = RwSignal::new(String::new());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let call = HostCall::GoToServer { password: Secret(password.get_untracked()) };
        password.set(String::new());
        form.send(ask(call), |()| {});
    };
    let is_away = Memo::new(|_| app().sync.with(|sync| sync.as_ref().is_some_and(|sync| sync.phase == SyncPhase::Offline)));
    let address = move || app().sync.with(|sync| sync.as_ref().map(|sync| sync.server.clone()).unwrap_or_default());
    let name = move || app().seat.with(|seat| seat.as_ref().and_then(Seat::own).map(|own| own.name.clone()));
    let label = move || name().map_or_else(|| t(key::SEAT_PASSWORD), |name| tx(key::SEAT_PASSWORD_OF, &[("name", name.into())]));
    view! {
        <form class="card pad form" novalidate on:submit=submit>
            <h2>{t(key::SEAT_AT_SERVER)}</h2>
            <p class="muted">{move || tx(key::SEAT_AT_SERVER_TEXT, &[("address", address().into())])}</p>
            {move || is_away.get().then(|| view! { <Strip tone=Tone::Warn text=t(key::SEAT_SERVER_AWAY)/> })}
            <div class="row wrap bottom">
                <TextField
                    label=Signal::derive(label)
                    value=password
                    name="password"
                    form=form
                    kind="password"
                    autocomplete="current-password"
                    max_length=256
                />
                <button type="submit" class="btn primary" disabled=form.busy aria-busy=move || form.busy.get().to_string()>
                    <span>{t(key::SEAT_GO)}</span>
                </button>
            </div>
            <FormError form=form/>
        </form>
    }
}
