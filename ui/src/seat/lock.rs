//! The lock: who is here now? Over what is on the screen, which stays as it is.

use kontor_domain::host::{HostCall, KnownPerson, SignInAt};
use kontor_domain::ids::PersonId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use leptos::html;
use leptos::prelude::*;

use super::prove::{Draft, People, SecretField};
use super::{ask, asks, is_locked};
use crate::icon::Mark;
use crate::parts::{Button, Form, FormError, Kind, TextField, field_name};
use crate::state::app;
use crate::storage;
use crate::text::{key, t};

/// Who was here last.
const LAST: &str = "kontor-seat";

/// The lock while there is nothing behind it yet: the window has just been opened.
#[component]
pub(crate) fn Locked() -> impl IntoView {
    view! { <main class="first locked" aria-label=t(key::SEAT_TITLE)></main> }
}

/// Open while nobody is here, or while somebody else wants to be.
#[component]
pub(crate) fn Lock() -> impl IntoView {
    let is_open = Memo::new(|_| is_locked() || (asks() && app().switching.get()));
    view! {
        <Show when=move || is_open.get()>
            <Opened/>
        </Show>
    }
}

fn known() -> Vec<KnownPerson> {
    app().seat.with(|seat| seat.as_ref().map(|seat| seat.known.clone()).unwrap_or_default())
}

/// Who is most likely to come: whoever was here last, or the only one there is.
fn likely() -> Option<KnownPerson> {
    let known = untrack(known);
    let last = storage::load::<PersonId>(LAST);
    let found = known.iter().find(|person| Some(person.person_id) == last).cloned();
    found.filter(|_| untrack(is_locked)).or_else(|| (known.len() == 1).then(|| known.into_iter().next()).flatten())
}

#[component]
fn Opened() -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = element.get()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
    on_cleanup(move || {
        if let Some(dialog) = element.try_get_untracked().flatten() {
            dialog.close();
        }
    });
    let can_ask_server = app().seat.with_untracked(|seat| seat.as_ref().is_some_and(|seat| seat.sign_in_at == SignInAt::Server));
    let is_other = RwSignal::new(can_ask_server && untrack(known).is_empty());
    let stay = |event: leptos::ev::Event| {
        event.prevent_default();
        if !untrack(is_locked) {
            app().switching.set(false);
        }
    };
    let body = move || {
        if is_other.get() {
            view! { <Other is_other=is_other/> }.into_any()
        } else {
            view! { <Choose is_other=is_other can_ask_server=can_ask_server/> }.into_any()
        }
    };
    view! {
        <dialog node_ref=element class="dialog lock" class:sealed=is_locked aria-label=t(key::SEAT_TITLE) on:cancel=stay>
            <div class="title"><Mark/><h2>{t(key::SEAT_TITLE)}</h2></div>
            <div class="body">{body}</div>
        </dialog>
    }
}

/// Somebody is here.
fn has_come() {
    app().switching.set(false);
    if let Some(person) = app().seat.with_untracked(|seat| seat.as_ref().and_then(|seat| seat.person_id)) {
        storage::save(LAST, &person);
    }
}

/// One of those who are known.
#[component]
fn Choose(is_other: RwSignal<bool>, can_ask_server: bool) -> impl IntoView {
    let form = Form::new(&["secret"]);
    let draft = Draft::new();
    if let Some(person) = likely() {
        draft.choose(person);
    }
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(person) = draft.person.get_untracked() else { return };
        let call = HostCall::TakeSeat { person_id: person.person_id, proof: draft.proof() };
        draft.clear();
        form.send(ask(call), |()| has_come());
    };
    view! {
        <form class="form" novalidate on:submit=submit>
            <p class="muted">{t(key::SEAT_CHOOSE)}</p>
            <People draft=draft people=Signal::derive(known)/>
            <SecretField draft=draft form=form/>
            <FormError form=form/>
            <Foot form=form>
                {can_ask_server.then(|| view! { <Button label=t(key::SEAT_OTHER) kind=Kind::Quiet press=move || is_other.set(true)/> })}
            </Foot>
        </form>
    }
}

/// Somebody whom the server knows.
#[component]
fn Other(is_other: RwSignal<bool>) -> impl IntoView {
    let form = Form::new(&["username", "password"]);
    let (username, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let name = username.get_untracked().trim().to_owned();
        if name.is_empty() {
            return form.refuse(Reject::field(Code::Format, "username"));
        }
        let call = HostCall::SignIn { username: name, password: Secret(password.get_untracked()) };
        password.set(String::new());
        form.send(ask(call), |()| has_come());
    };
    let can_choose = !untrack(known).is_empty();
    view! {
        <form class="form" novalidate on:submit=submit>
            <p class="muted">{t(key::SEAT_OTHER_TEXT)}</p>
            <TextField label=field_name("username") value=username name="username" form=form autocomplete="off" autofocus=true max_length=254/>
            <TextField label=t(key::SEAT_PASSWORD) value=password name="password" form=form kind="password" autocomplete="off" max_length=256/>
            <FormError form=form/>
            <Foot form=form>
                {can_choose.then(|| view! { <Button label=t(key::COMMON_BACK) kind=Kind::Quiet press=move || is_other.set(false)/> })}
            </Foot>
        </form>
    }
}

/// What can be done: go on, or, where somebody is here still, lock or stay.
#[component]
fn Foot(form: Form, children: Children) -> impl IntoView {
    let others = move || {
        (!is_locked()).then(|| {
            view! {
                <Button label=t(key::COMMON_CANCEL) press=|| app().switching.set(false)/>
                <Button label=t(key::SEAT_LOCK) press=super::lock/>
            }
        })
    };
    view! {
        <div class="foot">
            {children()}
            {others}
            <button type="submit" class="btn primary" disabled=form.busy aria-busy=move || form.busy.get().to_string()>
                <span>{t(key::SEAT_GO)}</span>
                <kbd aria-hidden="true">"Enter"</kbd>
            </button>
        </div>
    }
}
